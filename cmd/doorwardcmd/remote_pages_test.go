package doorwardcmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/remotetest"
	"github.com/doorward/doorward/remote/report"
)

var remoteStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// storedRequests is a store with n pending requests, two of each instant.
func storedRequests(t *testing.T, n int) *remotetest.Memory {
	t.Helper()
	memory := new(remotetest.Memory)
	for i := range n {
		r := remote.Request{
			ID: fmt.Sprintf("%08d-0000-4000-8000-000000000000", i), User: "ann", State: remote.Pending,
			Created: remoteStart.Add(time.Duration(i/2) * time.Second), PendingUntil: remoteStart.Add(time.Hour),
		}
		if err := memory.CreateRemoteRequest(t.Context(), r, new(remote.Entry), func(remote.Current) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return memory
}

// Every request is listed once and newest first, whatever the pages are, and as it stands now.
func TestRequestPages(t *testing.T) {
	s := storedRequests(t, 2001)
	query := remote.Query{State: remote.Expired, Now: remoteStart.Add(time.Hour)}
	for limit, want := range map[int][]int{0: {1000, 1000, 1}, 1: {1}, 1000: {1000}, 1001: {1000, 1}, 9999: {1000, 1000, 1}} {
		var got []int
		next := 2000
		for page, err := range requestPages(t.Context(), s, query, limit) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, len(page))
			for _, r := range page {
				if r.ID[:8] != fmt.Sprintf("%08d", next) || r.State != remote.Expired {
					t.Fatalf("limit %d: request %d is %s, %s", limit, next, r.ID, r.State)
				}
				next--
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limit %d: pages (-want +got):\n%s", limit, diff)
		}
	}
}

// The members that the API has are named, and written, as there: what cannot be known yet is null.
func TestRequestView(t *testing.T) {
	var b bytes.Buffer
	if err := writeJSON(&b, requestViewOf(remote.Request{State: remote.Pending, Created: remoteStart})); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"createdTimestamp": 1767225600000,`, `"expirationTimestamp": null,`, `"stateModifiedByUser": null,`, `"approvals": [],`,
	} {
		if !strings.Contains(b.String(), want) || !json.Valid(b.Bytes()) {
			t.Errorf("no %s in %s", want, &b)
		}
	}
}

// A report that cannot be written whole leaves no file that could pass for one.
func TestWriteReportFails(t *testing.T) {
	file, broken := filepath.Join(t.TempDir(), "report"), errors.New("broken")
	err := writeReport(file, func(w io.Writer, _ report.Report) error {
		_, _ = io.WriteString(w, "half")
		return broken
	}, report.Report{})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
}

func TestNearestWord(t *testing.T) {
	for word, want := range map[string]string{
		"viewer": "devops-viewer", "devops-veiwer": "devops-viewer", "DEVOPS-ADMIN": "devops-admin", "root": "", "": "", "ad": "", "devops-adminn": "devops-admin",
		strings.Repeat("x", 100_000): "",
	} {
		if got := nearestWord(word, roleWords); got != want {
			t.Errorf("%.20q: %q, want %q", word, got, want)
		}
	}
}
