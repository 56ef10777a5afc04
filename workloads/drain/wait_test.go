package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the agent too, for what happens between processes.
func TestMain(m *testing.M) {
	if os.Getenv("DRAIN_TEST_AS_AGENT") != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func messageFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "termination-log")
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func readReport(t *testing.T, path string) report {
	t.Helper()
	r, found, err := ledger{path}.read()
	if err != nil || !found {
		t.Fatalf("no report in %s: %v", path, err)
	}
	return r
}

func short(m mode, deadline time.Duration) rules {
	return rules{mode: m, quiet: 100 * time.Millisecond, settle: 300 * time.Millisecond, deadline: deadline}
}

func TestWaitHoldsUntilTheLastConnectionCloses(t *testing.T) {
	listener := listen(t, "127.0.0.1:0")
	first, last := connect(t, "127.0.0.1", listener), connect(t, "127.0.0.1", listener)
	message := messageFile(t, "")
	var log bytes.Buffer
	ended := make(chan error, 1)
	go func() {
		ended <- wait(waitOptions{
			ports: []uint16{portOf(listener.Addr())}, rules: short(modeAuto, time.Minute), messagePath: message, log: &log,
		})
	}()
	shut := func(f flow) { f.client.Close(); f.server.Close() }
	eventually(t, "two are held past the quiet period", func() bool {
		r, found, _ := ledger{message}.read()
		return found && r.Open == 2 && r.Seconds > 0.6 && r.Phase == holding
	})
	shut(first)
	eventually(t, "one is drained", func() bool { return readReport(t, message).Drained == 1 })
	select {
	case err := <-ended:
		t.Fatalf("ended with a connection open: %v", err)
	default:
	}
	shut(last)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if r := readReport(t, message); r.Phase != finished || r.Drained != 2 || r.Open != 0 || r.Source != "netlink" {
		t.Errorf("the report is %+v", r)
	}
	var line report
	if err := json.Unmarshal(log.Bytes(), &line); err != nil || line.Drained != 2 || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("the log is %q: %v", log.String(), err)
	}
}

func TestASecondRunGoesOnWhereTheFirstStopped(t *testing.T) {
	listener := listen(t, "127.0.0.1:0")
	connect(t, "127.0.0.1", listener)
	earlier, _ := report{
		SluiceDrain: reportFormat, Phase: holding, StartedAt: time.Now().Add(-time.Hour), Drained: 5, Open: 1,
	}.encode()
	message := messageFile(t, string(earlier))
	// An hour after the start a deadline of 30 minutes is over, however new this process is.
	if err := wait(waitOptions{
		ports: []uint16{portOf(listener.Addr())}, rules: short(modeConnection, 30*time.Minute), messagePath: message, log: io.Discard,
	}); err != nil {
		t.Fatal(err)
	}
	if r := readReport(t, message); r.Phase != expired || r.Drained != 5 || r.Open != 1 || r.Seconds < 3600 {
		t.Errorf("the report is %+v", r)
	}
}

func TestTheAppsOwnMessageIsLeftAlone(t *testing.T) {
	listener := listen(t, "127.0.0.1:0")
	for _, content := range []string{"panic: out of cheese", `{"reason":"json of the app's own"}`} {
		message := messageFile(t, content)
		var log bytes.Buffer
		if err := wait(waitOptions{
			ports: []uint16{portOf(listener.Addr())}, rules: short(modeConnection, time.Minute), messagePath: message, log: &log,
		}); err != nil {
			t.Fatal(err)
		}
		if data, _ := os.ReadFile(message); string(data) != content {
			t.Errorf("%q became %q", content, data)
		}
	}
}

func TestAShorterReportLeavesNothingOfALongerOne(t *testing.T) {
	log := ledger{messageFile(t, "")}
	long := report{SluiceDrain: reportFormat, Phase: holding, Mode: modeConnection, Drained: 1 << 40, Source: "netlink"}
	for _, r := range []report{long, {SluiceDrain: reportFormat, Phase: finished, Drained: 1}} {
		if err := log.write(r); err != nil {
			t.Fatal(err)
		}
		if got := readReport(t, log.path); got.Drained != r.Drained || got.Phase != r.Phase {
			t.Errorf("wrote %+v, read %+v", r, got)
		}
	}
	if data, _ := os.ReadFile(log.path); len(data) != reportLength {
		t.Errorf("%d bytes, want %d", len(data), reportLength)
	}
}

func TestLiveCountsAreServedWhileDraining(t *testing.T) {
	address := listen(t, "127.0.0.1:0")
	free := address.Addr().String()
	address.Close()
	listener := listen(t, "127.0.0.1:0")
	held := connect(t, "127.0.0.1", listener)
	ended := make(chan error, 1)
	go func() {
		ended <- wait(waitOptions{
			ports: []uint16{portOf(listener.Addr())}, rules: short(modeConnection, time.Minute),
			messagePath: messageFile(t, ""), liveAddress: free, log: io.Discard,
		})
	}()
	eventually(t, "one open connection is shown", func() bool {
		answer, err := http.Get("http://" + free + "/")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		var r report
		return json.NewDecoder(answer.Body).Decode(&r) == nil && r.Open == 1 && answer.StatusCode == http.StatusOK
	})
	held.client.Close()
	held.server.Close()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// The app is a process of its own that holds its connections until it is told to close one, and then dies.
func TestTheAppsShutdownIsObservedUntilItDies(t *testing.T) {
	app := exec.Command("python3", "-c", `
import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
print(s.getsockname()[1], flush=True)
held = [s.accept()[0] for _ in range(3)]
print("accepted", flush=True)
sys.stdin.readline()
held.pop().close()
sys.stdin.readline()`)
	in, _ := app.StdinPipe()
	out, _ := app.StdoutPipe()
	if err := app.Start(); err != nil {
		t.Skipf("needs python3 as the app: %v", err)
	}
	defer app.Process.Kill()
	lines := newLines(out)
	port := lines.next(t)
	for range 3 {
		client := dial(t, "127.0.0.1:"+port)
		// The client answers a close with a close, as browsers and libraries do.
		go func() { _, _ = io.Copy(io.Discard, client); client.Close() }()
	}
	lines.next(t)

	state, _ := report{SluiceDrain: reportFormat, Phase: handed, StartedAt: time.Now(), Drained: 4, Open: 3}.encode()
	message := messageFile(t, string(state))
	agent := exec.Command(os.Args[0], "observe", "--port", port, "--message", message, "--process", itoa(app.Process.Pid))
	agent.Env = append(os.Environ(), "DRAIN_TEST_AS_AGENT=1")
	ready, _ := agent.StdoutPipe()
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, ready) // closed after the first look
	_, _ = io.WriteString(in, "close one\n")
	eventually(t, "one is closed by the app", func() bool { return readReport(t, message).ClosedByApp == 1 })
	if err := app.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := agent.Wait(); err != nil {
		t.Fatal(err)
	}
	if r := readReport(t, message); r.ClosedByApp != 1 || r.Open != 2 || r.Drained != 4 {
		t.Errorf("a killed app closed its connections, says %+v", r)
	}
}
