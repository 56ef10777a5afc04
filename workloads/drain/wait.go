package main

import (
	"errors"
	"fmt"
	"io"
	"time"
)

type waitOptions struct {
	ports       []uint16
	rules       rules
	messagePath string
	liveAddress string
	// Starts the observer of the app's own shutdown; nil when nothing is left to observe it for.
	observe func() error
	log     io.Writer
}

const (
	pollInterval = 250 * time.Millisecond
	// A look may cost at most this share of the time, however many sockets there are.
	pollShare = 25
)

// wait holds until the rules say otherwise. It returns nil whenever it decided so itself: for the kubelet an error
// and a success both mean "send SIGTERM now", but an error would also be an event that frightens people.
func wait(o waitOptions) error {
	sockets := openSampler()
	log := ledger{path: o.messagePath}
	earlier, resumed, err := log.read()
	if err != nil {
		fmt.Fprintf(o.log, "drain: no report will be kept: %v\n", err)
		log.path = ""
	}
	started := time.Now().UTC()
	if resumed {
		// The hook runs again when the kubelet restarts or the grace period is shortened. The deadline does not move.
		started = earlier.StartedAt
	}
	page := startLive(o)
	track := newTracker(o.rules, earlier.Drained)
	// Monotonic from here on; only the part before a resumption rests on the wall clock.
	began, offset := time.Now(), max(0, time.Since(started))
	state := report{SluiceDrain: reportFormat, Mode: o.rules.mode, StartedAt: started, Source: sockets.name()}
	for {
		looked := time.Now()
		conns, err := sockets.sample(o.ports)
		if err != nil {
			state.Phase = blinded
			publish(o, page, &log, state)
			return blind(o, offset+time.Since(began), err)
		}
		now := offset + time.Since(began)
		state.Phase = track.observe(now, conns)
		state.Seconds, state.Drained = now.Seconds(), track.closed
		state.Open, state.Idle, state.OldestSeconds = len(track.open), track.idle(now), track.oldest(now).Seconds()
		publish(o, page, &log, state)
		if state.Phase != holding {
			return leave(o, state)
		}
		time.Sleep(max(pollInterval, pollShare*time.Since(looked)))
	}
}

// startLive serves the report for the operator to poll. Doing without is better than not draining.
func startLive(o waitOptions) *live {
	if o.liveAddress == "" {
		return nil
	}
	page, err := serveLive(o.liveAddress)
	if err != nil {
		fmt.Fprintf(o.log, "drain: no live counts: %v\n", err)
		return nil
	}
	return page
}

func publish(o waitOptions, page *live, log *ledger, state report) {
	if page != nil {
		if data, err := state.encode(); err == nil {
			page.publish(data)
		}
	}
	if log.path == "" {
		return
	}
	// The app may write its message at any time, and it is the app's file.
	if _, _, err := log.read(); errors.Is(err, errForeignMessage) {
		log.path = ""
		return
	}
	if err := log.write(state); err != nil {
		fmt.Fprintf(o.log, "drain: report not kept: %v\n", err)
		log.path = ""
	}
}

// leave ends the hold. Open connections that the app is trusted with are watched while it finishes them.
func leave(o waitOptions, state report) error {
	if line, err := state.encode(); err == nil {
		_, _ = o.log.Write(line)
	}
	if state.Phase == handed && o.observe != nil {
		if err := o.observe(); err != nil {
			fmt.Fprintf(o.log, "drain: the app's own shutdown is not observed: %v\n", err)
		}
	}
	return nil
}

// blind is for a machine on which sockets cannot be counted: waiting out the deadline interrupts nobody early.
func blind(o waitOptions, now time.Duration, cause error) error {
	fmt.Fprintf(o.log, "drain: cannot count connections, holding until the deadline: %v\n", cause)
	time.Sleep(max(0, o.rules.deadline-now))
	return nil
}
