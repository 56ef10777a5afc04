package main

import (
	"net/netip"
	"testing"
	"time"
)

const second = time.Second

func peer(port uint16, bytes uint64) conn {
	return conn{
		local:  netip.MustParseAddrPort("10.0.0.1:8080"),
		remote: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.2"), port),
		state:  stateEstablished, bytes: bytes, measured: true,
	}
}

func peers(ports ...uint16) []conn {
	var conns []conn
	for _, port := range ports {
		conns = append(conns, peer(port, 100))
	}
	return conns
}

func TestVerdicts(t *testing.T) {
	type step struct {
		at    time.Duration
		open  []conn
		want  verdict
		total int // closed so far
	}
	limits := rules{quiet: 3 * second, settle: 5 * second, deadline: 60 * second}
	cases := map[string]struct {
		mode  mode
		steps []step
	}{
		"an idle pod leaves when endpoints had time to spread": {modeConnection, []step{
			{0, nil, holding, 0}, {4 * second, nil, holding, 0}, {5 * second, nil, finished, 0},
		}},
		"connections are held past the quiet period, and the drain ends with the last one": {modeConnection, []step{
			{0, peers(1, 2), holding, 0}, {10 * second, peers(2), holding, 1}, {30 * second, peers(2), holding, 1},
			{31 * second, nil, finished, 2},
		}},
		"a new connection starts the quiet period again": {modeConnection, []step{
			{0, nil, holding, 0}, {4 * second, peers(1), holding, 0}, {5 * second, nil, holding, 1},
			{6500 * time.Millisecond, nil, holding, 1}, {7 * second, nil, finished, 1},
		}},
		"auto is connection": {modeAuto, []step{{0, peers(1), holding, 0}, {20 * second, peers(1), holding, 0}}},
		"request leaves open connections to the app once new ones have stopped": {modeRequest, []step{
			{0, peers(1), holding, 0}, {4 * second, peers(1, 2), holding, 0}, {6 * second, peers(1, 2), holding, 0},
			{7 * second, peers(1, 2), handed, 0},
		}},
		"request with nothing open is finished": {modeRequest, []step{
			{0, peers(1), holding, 0}, {5 * second, nil, finished, 1},
		}},
		"a probe that comes and goes counts for nothing": {modeConnection, []step{
			{0, []conn{peer(1, 0)}, holding, 0}, {4 * second, []conn{peer(2, 1)}, holding, 0}, {5 * second, nil, finished, 0},
		}},
		"a silent connection that stays is one": {modeConnection, []step{
			{0, nil, holding, 0}, {4 * second, []conn{peer(1, 0)}, holding, 0}, {5 * second, []conn{peer(1, 0)}, holding, 0},
			{6 * second, nil, holding, 1}, {7 * second, nil, finished, 1},
		}},
		"the deadline ends every mode": {modeRequest, []step{
			{0, peers(1), holding, 0}, {59 * second, peers(1, 9), holding, 0}, {60 * second, peers(1, 9), expired, 0},
		}},
		"nothing is cut when the deadline finds nothing open": {modeConnection, []step{
			{0, peers(1), holding, 0}, {60 * second, nil, finished, 1},
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			limits.mode = c.mode
			track := newTracker(limits, 0)
			for _, s := range c.steps {
				if got := track.observe(s.at, s.open); got != s.want || track.closed != s.total {
					t.Fatalf("at %v: %s with %d closed, want %s with %d", s.at, got, track.closed, s.want, s.total)
				}
			}
		})
	}
}

func TestIdleAndOldest(t *testing.T) {
	track := newTracker(rules{mode: modeConnection, quiet: 3 * second, settle: 5 * second, deadline: 60 * second}, 7)
	unmeasured := peer(3, 0)
	unmeasured.measured = false
	track.observe(0, []conn{peer(1, 10), peer(2, 10), unmeasured})
	track.observe(2*second, []conn{peer(1, 10), peer(2, 20), unmeasured})
	if idle := track.idle(3 * second); idle != 1 {
		t.Errorf("%d idle after 3 s, want 1: the one that moved no byte and can be measured", idle)
	}
	if idle := track.idle(5 * second); idle != 2 {
		t.Errorf("%d idle after 5 s, want 2", idle)
	}
	track.observe(6*second, []conn{peer(2, 20), peer(4, 0)})
	track.observe(7*second, []conn{peer(2, 20), peer(4, 0)})
	if oldest := track.oldest(8 * second); oldest != 8*second {
		t.Errorf("oldest is %v, want 8s", oldest)
	}
	if track.closed != 9 {
		t.Errorf("%d closed, want the 7 of an earlier run and 2", track.closed)
	}
}
