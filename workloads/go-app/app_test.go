package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

func server(t *testing.T) (*app, string) {
	t.Helper()
	a := newApp("v7", "pod-1")
	s := httptest.NewServer(a.routes())
	t.Cleanup(s.Close)
	return a, s.URL
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestAnswersNameVersionAndPod(t *testing.T) {
	_, url := server(t)
	for _, path := range []string{"/", "/?maxDelayMs=0", "/slow?seconds=0"} {
		code, body := get(t, url+path)
		var got answer
		if err := json.Unmarshal([]byte(body), &got); err != nil || code != 200 {
			t.Fatalf("%s: %d %q %v", path, code, body, err)
		}
		if got.App != "go-app" || got.Version != "v7" || got.Pod != "pod-1" || got.DelayMs > 200 {
			t.Errorf("%s: %+v", path, got)
		}
	}
	for _, path := range []string{"/?maxDelayMs=10001", "/?maxDelayMs=-1", "/slow?seconds=601", "/slow?seconds=x"} {
		if code, body := get(t, url+path); code != 400 || !strings.Contains(body, "whole number from 0 to") {
			t.Errorf("%s: %d %q", path, code, body)
		}
	}
}

func TestASlowAnswerSaysAtOnceWhoWillGiveIt(t *testing.T) {
	_, url := server(t)
	started := time.Now()
	response, err := http.Get(url + "/slow?seconds=5")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.Header.Get("X-App-Pod") != "pod-1" || time.Since(started) >= 5*time.Second {
		t.Errorf("headers %v after %v", response.Header, time.Since(started))
	}
}

func TestWebSocketEchoesAndTicks(t *testing.T) {
	_, url := server(t)
	limit, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	socket, _, err := websocket.Dial(limit, url+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.CloseNow()
	if err := socket.Write(limit, websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	var echoed, ticked bool
	for !echoed || !ticked {
		var got answer
		if err := wsjson.Read(limit, socket, &got); err != nil {
			t.Fatal(err)
		}
		echoed = echoed || got.Echo == "hello"
		ticked = ticked || got.Tick == 1
	}
}

func TestEventStream(t *testing.T) {
	_, url := server(t)
	response, err := http.Get(url + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	var ids []string
	for len(ids) < 2 && lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			ids = append(ids, id)
		}
	}
	if strings.Join(ids, ",") != "1,2" {
		t.Errorf("ids are %v", ids)
	}
}

func TestMetricsCountByRouteAndCode(t *testing.T) {
	a, url := server(t)
	get(t, url+"/?maxDelayMs=0")
	get(t, url+"/slow?seconds=x")
	recorder := httptest.NewRecorder()
	a.metricsRoutes().ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`app_info{version="v7"} 1`, `http_requests_total{route="/",code="200"} 1`,
		`http_requests_total{route="/slow",code="400"} 1`, `http_request_duration_seconds_count{route="/"} 1`,
	} {
		if !strings.Contains(recorder.Body.String(), want+"\n") {
			t.Errorf("no %s in\n%s", want, recorder.Body)
		}
	}
}

func TestSigtermLetsRequestsFinish(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	ended := make(chan error, 1)
	a := newApp("v7", "pod-1")
	go func() { ended <- serve(address, "127.0.0.1:0", a, slog.New(slog.DiscardHandler)) }()
	eventually(t, "it listens", func() bool {
		probe, err := net.Dial("tcp", address)
		if err == nil {
			probe.Close()
		}
		return err == nil
	})
	connections := func() int {
		a.metrics.mutex.Lock()
		defer a.metrics.mutex.Unlock()
		return len(a.metrics.connections)
	}
	eventually(t, "the probe is forgotten", func() bool { return connections() == 0 })
	answered := make(chan string, 1)
	go func() {
		_, body := get(t, "http://"+address+"/slow?seconds=1")
		answered <- body
	}()
	eventually(t, "the request is under way", func() bool { return connections() == 1 })
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if body := <-answered; !strings.Contains(body, `"delayMs":1000`) {
		t.Errorf("a request in progress got %q", body)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}
