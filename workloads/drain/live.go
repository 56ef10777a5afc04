package main

import (
	"fmt"
	"net"
	"sync/atomic"
	"time"
)

// live answers every TCP connection with the current report as an HTTP/1.0 answer and closes it. Read-only: there is
// no request that changes anything, so none is parsed. Without net/http, because this program runs inside the memory
// limit of the app that it drains.
type live struct {
	listener net.Listener
	current  atomic.Pointer[[]byte]
}

const (
	liveTimeout = 2 * time.Second
	// Readers are the operator and perhaps a person; more at once are made to wait.
	liveReaders = 4
)

func serveLive(address string) (*live, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	l := &live{listener: listener}
	for range liveReaders {
		go l.serve()
	}
	return l, nil
}

func (l *live) publish(data []byte) { l.current.Store(&data) }

func (l *live) serve() {
	for {
		peer, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.answer(peer)
	}
}

func (l *live) answer(peer net.Conn) {
	defer peer.Close()
	_ = peer.SetDeadline(time.Now().Add(liveTimeout))
	// Closing with the request unread would reset the connection and lose the answer.
	if _, err := peer.Read(make([]byte, 4096)); err != nil {
		return
	}
	body := l.current.Load()
	if body == nil {
		return
	}
	fmt.Fprintf(peer, "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(*body), *body)
}
