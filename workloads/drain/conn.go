package main

import (
	"net/netip"
	"slices"
)

// TCP states as the kernel numbers them (include/net/tcp_states.h).
const (
	stateEstablished = 1
	stateSynReceived = 3
	stateFinWait1    = 4
	stateCloseWait   = 8
	stateLastAck     = 9
)

// A conn is one TCP connection of this network namespace that somebody still depends on.
type conn struct {
	local, remote netip.AddrPort
	state         uint8
	// Bytes acknowledged by the peer plus bytes received from it. Only when measured is true: the text tables of
	// procfs do not have it.
	bytes    uint64
	measured bool
}

// connKey names a connection across samples. A peer that reuses its port within one sampling interval looks like the
// same connection; the kernel's own TIME_WAIT makes that rare.
type connKey struct{ local, remote netip.AddrPort }

func (c conn) key() connKey { return connKey{c.local, c.remote} }

// counted tells whether a socket is a connection that would be interrupted if the process ended now.
//
// SYN_RECV and the accept queue are promises already made to a client. CLOSE_WAIT is a client that has finished
// sending and still waits for its answer. FIN_WAIT1 and LAST_ACK are connections the app has closed; they count while
// bytes of the answer are still queued, because the network namespace, and the queue with it, dies with the pod.
func counted(state uint8, queued uint32) bool {
	switch state {
	case stateEstablished, stateSynReceived, stateCloseWait:
		return true
	case stateFinWait1, stateLastAck:
		return queued > 0
	}
	return false
}

// plain gives IPv4-mapped addresses (a dual-stack listener's view of an IPv4 client) the form they have in IPv4 tables.
func plain(address netip.Addr, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(address.Unmap(), port)
}

// A sampler returns the counted connections to one of the local ports, of both address families.
type sampler interface {
	sample(ports []uint16) ([]conn, error)
	name() string
}

// openSampler prefers netlink: it is several times cheaper than the text tables and has byte counters. Some sandboxes
// refuse the netlink family; they still have procfs.
func openSampler() sampler {
	if diag, err := openDiag(); err == nil {
		if _, err := diag.sample([]uint16{1}); err == nil {
			return diag
		}
		diag.close()
	}
	return procfs{root: "/proc/net"}
}

func hasPort(ports []uint16, port uint16) bool { return slices.Contains(ports, port) }
