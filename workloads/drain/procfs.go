package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// procfs reads the kernel's text tables, for sandboxes that refuse netlink. It has no byte counters.
type procfs struct{ root string }

func (procfs) name() string { return "procfs" }

func (p procfs) sample(ports []uint16) ([]conn, error) {
	found, err := readTable(filepath.Join(p.root, "tcp"), ports)
	if err != nil {
		return nil, err
	}
	six, err := readTable(filepath.Join(p.root, "tcp6"), ports)
	if os.IsNotExist(err) { // a kernel without IPv6
		return found, nil
	}
	return append(found, six...), err
}

func readTable(path string, ports []uint16) ([]conn, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var found []conn
	lines := bufio.NewScanner(file)
	lines.Scan() // column titles
	for lines.Scan() {
		c, ok, err := parseLine(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if ok && hasPort(ports, c.local.Port()) {
			found = append(found, c)
		}
	}
	return found, lines.Err()
}

// parseLine reads "sl local remote st tx_queue:rx_queue …". It returns false for sockets that are not counted.
func parseLine(line string) (conn, bool, error) {
	fields := strings.Fields(line)
	if len(fields) < 5 {
		return conn{}, false, fmt.Errorf("short line %q", line)
	}
	state, err := strconv.ParseUint(fields[3], 16, 8)
	if err != nil {
		return conn{}, false, fmt.Errorf("state in %q: %w", line, err)
	}
	transmit, _, _ := strings.Cut(fields[4], ":")
	queued, err := strconv.ParseUint(transmit, 16, 32)
	if err != nil {
		return conn{}, false, fmt.Errorf("queue in %q: %w", line, err)
	}
	if !counted(uint8(state), uint32(queued)) {
		return conn{}, false, nil
	}
	c := conn{state: uint8(state)}
	if c.local, err = parseAddress(fields[1]); err != nil {
		return conn{}, false, err
	}
	if c.remote, err = parseAddress(fields[2]); err != nil {
		return conn{}, false, err
	}
	return c, true, nil
}

// parseAddress reads "0100007F:1F90": each 32-bit word of the address in the machine's byte order, the port in hex.
func parseAddress(text string) (netip.AddrPort, error) {
	word, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(word)
	if err != nil || (len(raw) != 4 && len(raw) != 16) {
		return netip.AddrPort{}, fmt.Errorf("address %q", text)
	}
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("port %q: %w", text, err)
	}
	if native.Uint16([]byte{1, 0}) == 1 { // little-endian machine
		for i := 0; i < len(raw); i += 4 {
			slices.Reverse(raw[i : i+4])
		}
	}
	address, _ := netip.AddrFromSlice(raw)
	return plain(address, uint16(number)), nil
}
