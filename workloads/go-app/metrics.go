package main

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Upper bounds of the request histogram in seconds.
var buckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60}

// metrics keeps what /metrics shows, in the Prometheus text format. Three families do not need a library.
type metrics struct {
	mutex       sync.Mutex
	requests    map[[2]string]uint64 // route, code
	durations   map[string]*histogram
	streams     map[string]int
	connections map[net.Conn]struct{}
}

type histogram struct {
	counts []uint64
	sum    float64
	total  uint64
}

func newMetrics() *metrics {
	return &metrics{
		requests: map[[2]string]uint64{}, durations: map[string]*histogram{},
		streams: map[string]int{"websocket": 0}, connections: map[net.Conn]struct{}{},
	}
}

// connection is the ConnState hook of the server. A hijacked connection, which is a WebSocket, is counted as a stream.
func (m *metrics) connection(c net.Conn, state http.ConnState) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	switch state {
	case http.StateNew:
		m.connections[c] = struct{}{}
	case http.StateClosed, http.StateHijacked:
		delete(m.connections, c)
	}
}

func (m *metrics) opened(kind string, difference int) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.streams[kind] += difference
}

func (m *metrics) measured(route string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, code: http.StatusOK}
		next(recorder, r)
		m.observe(route, recorder.code, time.Since(started).Seconds())
	}
}

func (m *metrics) observe(route string, code int, seconds float64) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.requests[[2]string{route, strconv.Itoa(code)}]++
	h := m.durations[route]
	if h == nil {
		h = &histogram{counts: make([]uint64, len(buckets))}
		m.durations[route] = h
	}
	h.sum += seconds
	h.total++
	for i, bound := range buckets {
		if seconds <= bound {
			h.counts[i]++
		}
	}
}

func (m *metrics) write(w io.Writer, version string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	family := func(name, kind, help string) { fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind) }
	family("app_info", "gauge", "Version of the app; always 1.")
	fmt.Fprintf(w, "app_info{version=%q} 1\n", version)
	family("app_open_connections", "gauge", "Open HTTP connections, WebSockets not included.")
	fmt.Fprintf(w, "app_open_connections %d\n", len(m.connections))
	family("app_open_websockets", "gauge", "Open WebSockets.")
	fmt.Fprintf(w, "app_open_websockets %d\n", m.streams["websocket"])
	family("http_requests_total", "counter", "Finished requests by route and status code.")
	for _, key := range slices.SortedFunc(maps.Keys(m.requests), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		fmt.Fprintf(w, "http_requests_total{route=%q,code=%q} %d\n", key[0], key[1], m.requests[key])
	}
	family("http_request_duration_seconds", "histogram", "Time to answer a request in seconds, by route.")
	for _, route := range slices.Sorted(maps.Keys(m.durations)) {
		h := m.durations[route]
		for i, bound := range buckets {
			fmt.Fprintf(w, "http_request_duration_seconds_bucket{route=%q,le=\"%g\"} %d\n", route, bound, h.counts[i])
		}
		fmt.Fprintf(w, "http_request_duration_seconds_bucket{route=%q,le=\"+Inf\"} %d\n", route, h.total)
		fmt.Fprintf(w, "http_request_duration_seconds_sum{route=%q} %g\n", route, h.sum)
		fmt.Fprintf(w, "http_request_duration_seconds_count{route=%q} %d\n", route, h.total)
	}
}

func (a *app) metricsRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		a.metrics.write(w, a.version)
	})
	healthy := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", healthy)
	return mux
}

type statusRecorder struct {
	http.ResponseWriter
	code int
}

func (s *statusRecorder) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach Flush.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }
