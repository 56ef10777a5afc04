package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// A process that closes its last connection and then exits needs some milliseconds for it; a look must fall between.
	observeInterval = time.Millisecond
	// A look may cost this share of the time: it lasts no longer than the app takes to end.
	observeShare = 4
	// So many connections are asked for one by one; for more, the whole table is read.
	observeSingly = 500

	// processExiting is PF_EXITING of linux/sched.h, set before a dying process closes its files.
	processExiting = 0x4
)

type observeOptions struct {
	ports       []uint16
	messagePath string
	// The app's main process, and where its state is read.
	process  int
	procRoot string
	// Told once, after the first look.
	ready func()
}

// observeShutdown follows the connections that were handed to the app until the container ends, which ends this
// program too. A connection that disappears while the app's main process lives was closed by the app.
func observeShutdown(o observeOptions) error {
	log := ledger{path: o.messagePath}
	state, found, err := log.read()
	if err != nil || !found || state.Phase != handed {
		return err
	}
	sockets := openSampler()
	conns, err := sockets.sample(o.ports)
	if err != nil {
		return err
	}
	total, theirs := state.Open, keys(conns)
	for first := true; state.Open > 0; first = false {
		looked := time.Now()
		open, err := countOpen(sockets, o.ports, theirs)
		if err != nil {
			return err
		}
		// Asked after the look: when the process was not exiting then, its exit did not close what the look misses.
		if exiting, err := o.isExiting(); err != nil || exiting {
			return err
		}
		if open < state.Open {
			state.Open, state.ClosedByApp = open, total-open
			state.Seconds = time.Since(state.StartedAt).Seconds()
			if _, _, err := log.read(); err != nil {
				return err // the app has written its own message
			}
			if err := log.write(state); err != nil {
				return err
			}
		}
		if first {
			o.ready()
		}
		time.Sleep(max(observeInterval, observeShare*time.Since(looked)))
	}
	return nil
}

// countOpen counts those of the connections that are open still.
func countOpen(sockets sampler, ports []uint16, theirs []connKey) (int, error) {
	if netlink, ok := sockets.(*diag); ok && len(theirs) <= observeSingly {
		return netlink.stillOpen(theirs)
	}
	conns, err := sockets.sample(ports)
	if err != nil {
		return 0, err
	}
	now := make(map[connKey]bool, len(conns))
	for _, key := range keys(conns) {
		now[key] = true
	}
	return len(slices.DeleteFunc(slices.Clone(theirs), func(key connKey) bool { return !now[key] })), nil
}

func keys(conns []conn) []connKey {
	var list []connKey
	for _, c := range conns {
		list = append(list, c.key())
	}
	return list
}

func (o observeOptions) isExiting() (bool, error) {
	data, err := os.ReadFile(o.procRoot + "/" + strconv.Itoa(o.process) + "/stat")
	if os.IsNotExist(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	flags, err := processFlags(string(data))
	return flags&processExiting != 0, err
}

// processFlags reads the kernel's flags word from the text of /proc/<pid>/stat. The command, in brackets, may itself
// hold spaces and brackets.
func processFlags(stat string) (uint64, error) {
	// After the command: state ppid pgrp session tty tpgid flags …
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 7 {
		return 0, fmt.Errorf("process state %q", stat)
	}
	return strconv.ParseUint(fields[6], 10, 64)
}

// startObserver runs this program again as `drain observe`, in a session of its own so that it outlives the hook, and
// returns after its first look: SIGTERM comes when the hook ends.
func startObserver(arguments ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.Command(self, append([]string{"observe"}, arguments...)...)
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	ready, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	// The observer closes its output after the first look, or by ending.
	_, err = io.Copy(io.Discard, ready)
	return err
}
