package moduletest

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
)

// ParseResponse reads one HTTP/1.1 answer from raw text.
func ParseResponse(t testing.TB, method, raw string) (*http.Response, string) {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(raw)), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("the answer %.200q: %v", raw, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		t.Fatalf("the answer's body: %v", err)
	}
	return response, string(body)
}
