package internal

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// maxLines is where a file stops being one room.
const maxLines = 600

// vagueNames are packages that collect what belongs to its users. A thing that several packages need has a name of its
// own, and that is the name of its package.
var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "types", "misc", "shared"}

// TestSizesAndNames walks the sources of the whole repository.
func TestSizesAndNames(t *testing.T) {
	files := 0
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			// Test data may be anything, and dot folders are not ours.
			if base := path.Base(name); base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") && base != "." {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		files++
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		for _, complaint := range judge(name, source) {
			t.Error(complaint)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 10 {
		t.Fatalf("only %d Go files found: this is not the repository", files)
	}
}

// judge says what is wrong with a source file, going by its size and its package's name.
func judge(name string, source []byte) []string {
	var complaints []string
	if bytes.Count(source, []byte("\n")) > maxLines {
		complaints = append(complaints, fmt.Sprintf("%s is longer than %d lines: find the two rooms in it", name, maxLines))
	}
	declared := declaredPackage(source)
	for _, candidate := range []string{path.Base(path.Dir(name)), strings.TrimSuffix(declared, "_test")} {
		if slices.Contains(vagueNames, candidate) {
			complaints = append(complaints, name+" is of a package named "+candidate+": name it after what it does")
			break
		}
	}
	return complaints
}

func declaredPackage(source []byte) string {
	for line := range bytes.Lines(source) {
		if rest, ok := bytes.CutPrefix(line, []byte("package ")); ok {
			return string(bytes.Fields(rest)[0])
		}
	}
	return ""
}

func TestJudge(t *testing.T) {
	long := []byte("package tokens\n" + strings.Repeat("//\n", maxLines))
	for _, tc := range []struct {
		name   string
		source []byte
		want   int
	}{
		{"tokens/mint.go", []byte("package tokens\n"), 0},
		{"tokens/mint.go", long, 1},
		{"tokens/mint.go", long[:len(long)-3], 0},
		{"internal/util/clock.go", []byte("package clock\n"), 1},
		{"module/clock.go", []byte("// Package common is what nobody wanted.\npackage common // really\n"), 1},
		{"module/helpers/a_test.go", []byte("package helpers_test\n"), 1},
	} {
		if got := judge(tc.name, tc.source); len(got) != tc.want {
			t.Errorf("%s: %d complaints, want %d: %v", tc.name, len(got), tc.want, got)
		}
	}
}
