package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

const (
	defaultDelay = 200 * time.Millisecond
	maxDelay     = 10 * time.Second
	maxSlow      = 10 * time.Minute
	tickInterval = time.Second
)

type app struct {
	version, pod string
	metrics      *metrics
}

// answer is the body of every answer, tick and echo.
type answer struct {
	App     string `json:"app"`
	Version string `json:"version"`
	Pod     string `json:"pod"`
	Tick    int    `json:"tick,omitempty"`
	Echo    string `json:"echo,omitempty"`
	DelayMs int64  `json:"delayMs,omitempty"`
}

func newApp(version, pod string) *app { return &app{version, pod, newMetrics()} }

func (a *app) answer() answer { return answer{App: "go-app", Version: a.version, Pod: a.pod} }

func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.metrics.measured("/", a.root))
	mux.HandleFunc("GET /slow", a.metrics.measured("/slow", a.slow))
	mux.HandleFunc("GET /events", a.metrics.measured("/events", a.events))
	mux.HandleFunc("GET /ws", a.ws)
	return mux
}

// root answers after a random delay of at most ?maxDelayMs (0 to 10000, default 200).
func (a *app) root(w http.ResponseWriter, r *http.Request) {
	limit, ok := boundedQuery(w, r, "maxDelayMs", time.Millisecond, defaultDelay, maxDelay)
	if !ok {
		return
	}
	a.answerAfter(w, r, rand.N(limit+1))
}

// slow sends its headers at once, with version and pod in them, and the body after ?seconds (0 to 600, default 10).
func (a *app) slow(w http.ResponseWriter, r *http.Request) {
	delay, ok := boundedQuery(w, r, "seconds", time.Second, 10*time.Second, maxSlow)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-App-Version", a.version)
	w.Header().Set("X-App-Pod", a.pod)
	if err := http.NewResponseController(w).Flush(); err != nil {
		return
	}
	a.answerAfter(w, r, delay)
}

func (a *app) answerAfter(w http.ResponseWriter, r *http.Request, delay time.Duration) {
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
		return
	}
	body := a.answer()
	body.DelayMs = delay.Milliseconds()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

// events is a stream of one event a second, until the client leaves.
func (a *app) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	stream := http.NewResponseController(w)
	ticks := time.NewTicker(tickInterval)
	defer ticks.Stop()
	for tick := 1; ; tick++ {
		body := a.answer()
		body.Tick = tick
		data, _ := json.Marshal(body)
		if _, err := fmt.Fprintf(w, "id: %d\ndata: %s\n\n", tick, data); err != nil {
			return
		}
		if err := stream.Flush(); err != nil {
			return
		}
		select {
		case <-ticks.C:
		case <-r.Context().Done():
			return
		}
	}
}

// ws echoes every message and sends a tick each second.
func (a *app) ws(w http.ResponseWriter, r *http.Request) {
	socket, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer socket.CloseNow()
	a.metrics.opened("websocket", 1)
	defer a.metrics.opened("websocket", -1)
	messages := make(chan string)
	context := r.Context()
	go func() {
		defer close(messages)
		for {
			_, data, err := socket.Read(context)
			if err != nil {
				return
			}
			select {
			case messages <- string(data):
			case <-context.Done():
				return
			}
		}
	}()
	ticks := time.NewTicker(tickInterval)
	defer ticks.Stop()
	for tick := 1; ; {
		body := a.answer()
		select {
		case message, ok := <-messages:
			if !ok {
				return
			}
			body.Echo = message
		case <-ticks.C:
			body.Tick = tick
			tick++
		}
		if err := wsjson.Write(context, socket, body); err != nil {
			return
		}
	}
}

// boundedQuery reads a whole number of `unit` from the query. Out of bounds is answered with 400.
func boundedQuery(
	w http.ResponseWriter, r *http.Request, name string, unit, otherwise, limit time.Duration,
) (time.Duration, bool) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, true
	}
	number, err := strconv.ParseUint(text, 10, 32)
	if err != nil || time.Duration(number)*unit > limit {
		http.Error(w, fmt.Sprintf("%s must be a whole number from 0 to %d", name, limit/unit), http.StatusBadRequest)
		return 0, false
	}
	return time.Duration(number) * unit, true
}
