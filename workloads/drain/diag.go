package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"time"
	"unsafe"
)

// The parts of linux/inet_diag.h and linux/sock_diag.h that are needed. Fields of the kernel's own byte order are read
// with `native`; ports and addresses are big-endian.
const (
	netlinkSockDiag  = 4
	sockDiagByFamily = 20
	inetDiagInfo     = 2 // attribute with struct tcp_info

	requestLength = 56 // struct inet_diag_req_v2
	messageLength = 72 // struct inet_diag_msg

	// Offsets in struct tcp_info, fixed since Linux 4.1.
	tcpInfoBytesAcked    = 120
	tcpInfoBytesReceived = 128

	// A kernel that does not answer within this time is treated as one without netlink.
	diagTimeout = 2 * time.Second
)

var native = binary.NativeEndian

// diag asks the kernel for sockets over netlink sock_diag. It needs no privilege: a process may list the sockets of its
// own network namespace.
type diag struct {
	socket   int
	sequence uint32
	buffer   []byte
}

func openDiag() (*diag, error) {
	socket, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, netlinkSockDiag)
	if err != nil {
		return nil, fmt.Errorf("open netlink sock_diag: %w", err)
	}
	timeout := syscall.NsecToTimeval(diagTimeout.Nanoseconds())
	if err := syscall.SetsockoptTimeval(socket, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &timeout); err != nil {
		syscall.Close(socket)
		return nil, fmt.Errorf("set netlink timeout: %w", err)
	}
	return &diag{socket: socket, buffer: make([]byte, 32<<10)}, nil
}

func (d *diag) close() { syscall.Close(d.socket) }

func (d *diag) name() string { return "netlink" }

func (d *diag) sample(ports []uint16) ([]conn, error) {
	var found []conn
	for _, family := range []uint8{syscall.AF_INET, syscall.AF_INET6} {
		conns, err := d.dump(family, ports)
		if err != nil {
			return nil, err
		}
		found = append(found, conns...)
	}
	return found, nil
}

// dump reads one family's table. The kernel is asked for all ports and the filter is here: a filter program per port
// would save copying only where other ports hold most connections.
func (d *diag) dump(family uint8, ports []uint16) ([]conn, error) {
	d.sequence++
	if err := d.send(d.request(family, syscall.NLM_F_DUMP)); err != nil {
		return nil, err
	}
	var found []conn
	for {
		messages, err := d.receive()
		if err != nil {
			return nil, err
		}
		for _, message := range messages {
			switch message.Header.Type {
			case syscall.NLMSG_DONE:
				return found, nil
			case syscall.NLMSG_ERROR:
				return nil, diagError(message.Data)
			}
			if c, ok := parseDiag(message.Data); ok && hasPort(ports, c.local.Port()) {
				found = append(found, c)
			}
		}
	}
}

// stillOpen counts those of the connections that are still counted, by asking for each one. A dump walks the whole
// hash table of the machine, some milliseconds; a question costs some microseconds.
func (d *diag) stillOpen(keys []connKey) (int, error) {
	count := 0
	for _, key := range keys {
		open, err := d.isOpen(key)
		if err != nil {
			return 0, err
		}
		if open {
			count++
		}
	}
	return count, nil
}

func (d *diag) isOpen(key connKey) (bool, error) {
	d.sequence++
	family := uint8(syscall.AF_INET6)
	if key.local.Addr().Is4() {
		family = syscall.AF_INET
	}
	message := d.request(family, 0)
	id := message[syscall.NLMSG_HDRLEN+8:] // struct inet_diag_sockid
	binary.BigEndian.PutUint16(id[0:], key.local.Port())
	binary.BigEndian.PutUint16(id[2:], key.remote.Port())
	copy(id[4:20], key.local.Addr().AsSlice())
	copy(id[20:36], key.remote.Addr().AsSlice())
	native.PutUint64(id[40:], ^uint64(0)) // any cookie
	if err := d.send(message); err != nil {
		return false, err
	}
	for {
		messages, err := d.receive()
		if err != nil {
			return false, err
		}
		for _, answer := range messages {
			if answer.Header.Type == syscall.NLMSG_ERROR {
				err := diagError(answer.Data)
				if errors.Is(err, syscall.ENOENT) {
					err = nil
				}
				return false, err
			}
			_, open := parseDiag(answer.Data)
			return open, nil
		}
	}
}

func (d *diag) send(message []byte) error {
	if err := syscall.Sendto(d.socket, message, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return fmt.Errorf("ask netlink sock_diag: %w", err)
	}
	return nil
}

// receive returns messages that answer the last question: none when they belong to one that timed out.
func (d *diag) receive() ([]syscall.NetlinkMessage, error) {
	for {
		length, _, err := syscall.Recvfrom(d.socket, d.buffer, 0)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read netlink sock_diag: %w", err)
		}
		messages, err := syscall.ParseNetlinkMessage(d.buffer[:length])
		if err != nil {
			return nil, fmt.Errorf("parse netlink message: %w", err)
		}
		return slices.DeleteFunc(messages, func(m syscall.NetlinkMessage) bool { return m.Header.Seq != d.sequence }), nil
	}
}

func (d *diag) request(family uint8, flags uint16) []byte {
	const states = 1<<stateEstablished | 1<<stateSynReceived | 1<<stateFinWait1 | 1<<stateCloseWait | 1<<stateLastAck
	message := make([]byte, syscall.NLMSG_HDRLEN+requestLength)
	native.PutUint32(message[0:], uint32(len(message)))
	native.PutUint16(message[4:], sockDiagByFamily)
	native.PutUint16(message[6:], syscall.NLM_F_REQUEST|flags)
	native.PutUint32(message[8:], d.sequence)
	body := message[syscall.NLMSG_HDRLEN:]
	body[0] = family
	body[1] = syscall.IPPROTO_TCP
	body[2] = 1 << (inetDiagInfo - 1)
	native.PutUint32(body[4:], states)
	return message
}

func diagError(data []byte) error {
	if len(data) < 4 {
		return errors.New("netlink sock_diag: short error")
	}
	return fmt.Errorf("netlink sock_diag: %w", syscall.Errno(-int32(native.Uint32(data))))
}

// parseDiag reads one struct inet_diag_msg with its attributes. It returns false for sockets that are not counted.
func parseDiag(data []byte) (conn, bool) {
	if len(data) < messageLength {
		return conn{}, false
	}
	family, state := data[0], data[1]
	queued := native.Uint32(data[60:]) // idiag_wqueue
	if !counted(state, queued) {
		return conn{}, false
	}
	c := conn{
		state:  state,
		local:  plain(diagAddress(family, data[8:24]), binary.BigEndian.Uint16(data[4:])),
		remote: plain(diagAddress(family, data[24:40]), binary.BigEndian.Uint16(data[6:])),
	}
	c.bytes, c.measured = tcpBytes(data[messageLength:])
	return c, true
}

func diagAddress(family uint8, raw []byte) netip.Addr {
	if family == syscall.AF_INET {
		return netip.AddrFrom4([4]byte(raw[:4]))
	}
	return netip.AddrFrom16([16]byte(raw[:16]))
}

// tcpBytes finds struct tcp_info among the attributes. Half-open requests have none.
func tcpBytes(attributes []byte) (uint64, bool) {
	const header = int(unsafe.Sizeof(syscall.RtAttr{}))
	for len(attributes) >= header {
		length := int(native.Uint16(attributes))
		if length < header || length > len(attributes) {
			return 0, false
		}
		info := attributes[header:length]
		if native.Uint16(attributes[2:]) == inetDiagInfo && len(info) >= tcpInfoBytesReceived+8 {
			return native.Uint64(info[tcpInfoBytesAcked:]) + native.Uint64(info[tcpInfoBytesReceived:]), true
		}
		attributes = attributes[min((length+3)&^3, len(attributes)):]
	}
	return 0, false
}
