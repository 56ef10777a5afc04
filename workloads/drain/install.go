package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// install copies this program into `folder` as `drain`. The initContainer runs it: the app's image need hold nothing,
// not even a shell. The copy appears under its name only when it is whole, so a restarted initContainer is harmless.
func install(folder string) error {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("open this program: %w", err)
	}
	defer self.Close()
	part, err := os.CreateTemp(folder, ".drain-*")
	if err != nil {
		return fmt.Errorf("install: %w", err)
	}
	defer os.Remove(part.Name())
	if _, err := io.Copy(part, self); err != nil {
		return fmt.Errorf("copy this program: %w", err)
	}
	// Every user may run it: the app's user is not the initContainer's.
	if err := part.Chmod(0o555); err != nil {
		return err
	}
	if err := part.Close(); err != nil {
		return err
	}
	return os.Rename(part.Name(), filepath.Join(folder, "drain"))
}
