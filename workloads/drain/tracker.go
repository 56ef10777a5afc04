package main

import (
	"fmt"
	"time"
)

type mode string

const (
	// modeConnection holds until no connection is left.
	modeConnection mode = "connection"
	// modeRequest holds until no new connections arrive, then leaves the open ones to the app's own shutdown.
	modeRequest mode = "request"
	// modeAuto is modeConnection: nothing yet has measured that this app may be trusted with more.
	modeAuto mode = "auto"
)

func parseMode(text string) (mode, error) {
	switch m := mode(text); m {
	case modeConnection, modeRequest, modeAuto:
		return m, nil
	}
	return "", fmt.Errorf("--mode %q: must be auto, connection or request", text)
}

// rules decide when the hold ends. All times count from the start of the drain.
type rules struct {
	mode mode
	// No new connection for this long means that the data planes have stopped choosing this pod.
	quiet time.Duration
	// Never return before this: endpoints need time to spread, and until then a quiet period proves nothing.
	settle time.Duration
	// Return at this time whatever is open.
	deadline time.Duration
}

type verdict string

const (
	holding  verdict = "holding"
	finished verdict = "finished" // nothing is open
	handed   verdict = "handed"   // open connections are left to the app, as modeRequest asks
	expired  verdict = "expired"  // open connections are left to the app because the time is over
	blinded  verdict = "blinded"  // the sockets could not be counted
)

type tracked struct {
	firstSeen time.Duration
	lastMoved time.Duration
	bytes     uint64
	measured  bool
	// Somebody uses it: it has carried a byte, or was there at two looks. What a probe or a port scan leaves behind
	// for a moment is never confirmed and counts for nothing once it is gone.
	confirmed bool
	// It came after the first look: data planes still choose this pod.
	isNew bool
	// The number of the last look that saw it.
	look uint64
}

// A connection that was only opened has at most the opening itself acknowledged.
const openingBytes = 1

// tracker turns samples of sockets into counts and a verdict. It has no clock and does no I/O.
type tracker struct {
	rules   rules
	open    map[connKey]*tracked
	closed  int // confirmed connections that have gone while they were tracked
	lastNew time.Duration
	looks   uint64
}

// newTracker starts at time zero, or where an interrupted run of the same drain stopped: `closed` is what it counted.
func newTracker(r rules, closed int) *tracker {
	return &tracker{rules: r, open: map[connKey]*tracked{}, closed: closed}
}

// observe takes the connections that exist at time `now`. Those of the first sample are the ones that the drain found;
// any later one is new.
func (t *tracker) observe(now time.Duration, conns []conn) verdict {
	t.looks++
	for _, c := range conns {
		known, ok := t.open[c.key()]
		if !ok {
			known = &tracked{firstSeen: now, lastMoved: now, bytes: c.bytes, measured: c.measured, isNew: t.looks > 1}
			t.open[c.key()] = known
		} else if c.measured && c.bytes != known.bytes {
			known.lastMoved, known.bytes = now, c.bytes
		}
		known.look = t.looks
		if !known.confirmed && (ok || c.bytes > openingBytes) {
			known.confirmed = true
			if known.isNew {
				t.lastNew = max(t.lastNew, known.firstSeen)
			}
		}
	}
	for key, known := range t.open {
		if known.look != t.looks {
			delete(t.open, key)
			if known.confirmed {
				t.closed++
			}
		}
	}
	return t.judge(now)
}

func (t *tracker) judge(now time.Duration) verdict {
	if now >= t.rules.deadline {
		if len(t.open) == 0 {
			return finished
		}
		return expired
	}
	if now < t.rules.settle || now-t.lastNew < t.rules.quiet {
		return holding
	}
	if len(t.open) == 0 {
		return finished
	}
	if t.rules.mode == modeRequest {
		return handed
	}
	return holding
}

// oldest is how long the drain has been holding the longest-held open connection; zero when none is open.
func (t *tracker) oldest(now time.Duration) time.Duration {
	first := now
	for _, known := range t.open {
		first = min(first, known.firstSeen)
	}
	return now - first
}

// idle counts open connections on which no byte has moved for the quiet period. Connections without byte counters are
// never called idle. An idle keep-alive connection and an idle WebSocket look the same from here, so the count informs
// and decides nothing.
func (t *tracker) idle(now time.Duration) int {
	count := 0
	for _, known := range t.open {
		if known.measured && now-known.lastMoved >= t.rules.quiet {
			count++
		}
	}
	return count
}
