package main

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// flow is one accepted TCP connection with both its ends.
type flow struct{ client, server *net.TCPConn }

func listen(t *testing.T, address string) *net.TCPListener {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener.(*net.TCPListener)
}

func portOf(address net.Addr) uint16 { return uint16(address.(*net.TCPAddr).Port) }

func connect(t *testing.T, host string, listener *net.TCPListener) flow {
	t.Helper()
	client, err := net.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(portOf(listener.Addr()))))
	if err != nil {
		t.Fatal(err)
	}
	server, err := listener.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	f := flow{client.(*net.TCPConn), server}
	t.Cleanup(func() { f.client.Close(); f.server.Close() })
	return f
}

// eventually polls until the condition holds; the kernel moves states when it likes.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

func samplers(t *testing.T) []sampler {
	t.Helper()
	diag, err := openDiag()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(diag.close)
	return []sampler{diag, procfs{root: "/proc/net"}}
}

func look(t *testing.T, s sampler, ports ...uint16) []conn {
	t.Helper()
	conns, err := s.sample(ports)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(conns, func(a, b conn) int { return a.remote.Compare(b.remote) })
	return conns
}

func TestBothSourcesSeeTheSameConnectionsOfBothFamilies(t *testing.T) {
	four, six, dual := listen(t, "127.0.0.1:0"), listen(t, "[::1]:0"), listen(t, ":0")
	other := listen(t, "127.0.0.1:0")
	want := []netip.AddrPort{}
	for _, f := range []flow{
		connect(t, "127.0.0.1", four), connect(t, "::1", six), connect(t, "127.0.0.1", dual), connect(t, "::1", dual),
	} {
		want = append(want, netip.MustParseAddrPort(f.client.LocalAddr().String()))
	}
	connect(t, "127.0.0.1", other)
	slices.SortFunc(want, netip.AddrPort.Compare)
	for _, s := range samplers(t) {
		conns := look(t, s, portOf(four.Addr()), portOf(six.Addr()), portOf(dual.Addr()))
		got := []netip.AddrPort{}
		for _, c := range conns {
			got = append(got, c.remote)
			if c.state != stateEstablished {
				t.Errorf("%s: %v is in state %d", s.name(), c.remote, c.state)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s sees %v, want %v", s.name(), got, want)
		}
	}
}

func TestConnectionsThatStillOweSomethingAreCounted(t *testing.T) {
	listener := listen(t, "127.0.0.1:0")
	port := portOf(listener.Addr())

	// Nobody has accepted it yet; the client believes it is connected.
	waiting, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()
	for _, s := range samplers(t) {
		if conns := look(t, s, port); len(conns) != 1 {
			t.Errorf("%s: %d connections in the accept queue, want 1", s.name(), len(conns))
		}
	}
	accepted, err := listener.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()

	// The client has finished sending and waits for the answer.
	if err := waiting.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	for _, s := range samplers(t) {
		eventually(t, s.name()+" counts CLOSE_WAIT", func() bool {
			conns := look(t, s, port)
			return len(conns) == 1 && conns[0].state == stateCloseWait
		})
	}
	// Both have finished: nothing is owed.
	accepted.Close()
	for _, s := range samplers(t) {
		eventually(t, s.name()+" forgets a closed connection", func() bool { return len(look(t, s, port)) == 0 })
	}
}

func TestAClosedConnectionCountsWhileItsAnswerIsQueued(t *testing.T) {
	listener := listen(t, "127.0.0.1:0")
	port := portOf(listener.Addr())
	f := connect(t, "127.0.0.1", listener)
	// More than both socket buffers hold, to a client that does not read.
	_ = f.server.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	_, _ = f.server.Write(make([]byte, 32<<20))
	f.server.Close()
	for _, s := range samplers(t) {
		conns := look(t, s, port)
		if len(conns) != 1 || conns[0].state != stateFinWait1 {
			t.Errorf("%s sees %+v, want one connection in FIN_WAIT1", s.name(), conns)
		}
	}
	if _, err := io.Copy(io.Discard, f.client); err != nil {
		t.Fatal(err)
	}
	for _, s := range samplers(t) {
		eventually(t, s.name()+" forgets a delivered answer", func() bool { return len(look(t, s, port)) == 0 })
	}
}

func TestNetlinkCountsBytesInBothDirections(t *testing.T) {
	listener := listen(t, "127.0.0.1:0")
	f := connect(t, "127.0.0.1", listener)
	netlink := samplers(t)[0]
	bytes := func() uint64 {
		conns := look(t, netlink, portOf(listener.Addr()))
		if len(conns) != 1 || !conns[0].measured {
			t.Fatalf("sees %+v, want one measured connection", conns)
		}
		return conns[0].bytes
	}
	start := bytes()
	_, _ = f.client.Write(make([]byte, 100))
	eventually(t, "received bytes are counted", func() bool { return bytes() == start+100 })
	_, _ = f.server.Write(make([]byte, 30))
	eventually(t, "acknowledged bytes are counted", func() bool { return bytes() == start+130 })
}

func TestNetlinkAnswersForSingleConnections(t *testing.T) {
	netlink := samplers(t)[0].(*diag)
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		listener := listen(t, address)
		host := "127.0.0.1"
		if strings.HasPrefix(address, "[") {
			host = "::1"
		}
		first, second := connect(t, host, listener), connect(t, host, listener)
		theirs := keys(look(t, netlink, portOf(listener.Addr())))
		if open, err := netlink.stillOpen(theirs); open != 2 || err != nil {
			t.Fatalf("%s: %d open of 2, %v", address, open, err)
		}
		first.server.Close()
		first.client.Close()
		eventually(t, address+": one is gone", func() bool {
			open, err := netlink.stillOpen(theirs)
			return open == 1 && err == nil
		})
		second.server.Close()
		second.client.Close()
	}
}

func TestProcfsLines(t *testing.T) {
	const four = "   1: 0100007F:1F90 0200007F:C350 01 00000000:00000000 00:00000000 00000000 0 0 1 1 0 20 4 30 10 -1"
	const mapped = "   0: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000200007F:C350 08 00000000:00000001 00:0 0 0 0 0"
	for _, line := range []string{four, mapped} {
		c, ok, err := parseLine(line)
		if err != nil || !ok {
			t.Fatalf("%q: counted %t, error %v", line, ok, err)
		}
		if c.local.String() != "127.0.0.1:8080" || c.remote.String() != "127.0.0.2:50000" {
			t.Errorf("%q is %v from %v", line, c.local, c.remote)
		}
	}
	const listening = "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:0 0 0 0 0"
	if _, ok, err := parseLine(listening); ok || err != nil {
		t.Errorf("a listener is counted: %t, %v", ok, err)
	}
	for _, broken := range []string{"", "0: x", "0: zz:1 00000000:0000 01 0:0", "0: 0100007F:1F90 0100007F 01 0:0"} {
		if _, _, err := parseLine(broken); err == nil {
			t.Errorf("%q is accepted", broken)
		}
	}
}

func FuzzParseDiag(f *testing.F) {
	f.Add(make([]byte, messageLength+200))
	f.Add([]byte{2, 1})
	f.Fuzz(func(_ *testing.T, data []byte) { parseDiag(data) })
}
