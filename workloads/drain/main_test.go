package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func itoa(n int) string { return strconv.Itoa(n) }

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	client, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

type lines struct{ scanner *bufio.Scanner }

func newLines(r io.Reader) lines { return lines{bufio.NewScanner(r)} }

func (l lines) next(t *testing.T) string {
	t.Helper()
	if !l.scanner.Scan() {
		t.Fatalf("the app says nothing: %v", l.scanner.Err())
	}
	return l.scanner.Text()
}

func TestInstallCopiesTheWholeProgram(t *testing.T) {
	folder := t.TempDir()
	for range 2 { // a restarted initContainer
		if err := run([]string{"install", folder}, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	want, _ := os.ReadFile(self)
	got, err := os.ReadFile(filepath.Join(folder, "drain"))
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("the copy differs: %d bytes of %d, %v", len(got), len(want), err)
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 1 {
		t.Errorf("install leaves %v", entries)
	}
	if info, _ := os.Stat(filepath.Join(folder, "drain")); info.Mode().Perm() != 0o555 {
		t.Errorf("mode is %v", info.Mode())
	}
}

func TestBadCommandLines(t *testing.T) {
	for line, want := range map[string]string{
		"":                                   "no command",
		"hold":                               `no such command "hold"`,
		"install":                            "one directory",
		"wait":                               "at least one --port",
		"wait --port 0":                      "1 to 65535",
		"wait --port 70000":                  "1 to 65535",
		"wait --port 80 --mode hook":         "auto, connection or request",
		"wait --port 80 --quiet -1s":         "not below",
		"wait --port 80 --deadline soon":     "invalid value",
		"wait --port 80 --deadline 5s extra": `unexpected "extra"`,
		"wait --port 80 --fast":              "not defined",
	} {
		err := run(strings.Fields(line), io.Discard)
		var misuse usageError
		if !errors.As(err, &misuse) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
}
