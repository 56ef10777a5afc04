// Command go-app is a sample app: an ordinary HTTP server with slow answers, WebSockets and event streams. On SIGTERM
// it does what net/http's documentation says and nothing more; what keeps its long connections whole over a rollout is
// the AppDeployment, not the app.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// How long requests in progress may take after SIGTERM.
const shutdownTimeout = 20 * time.Second

func main() {
	address := flag.String("address", ":8080", "`address` of the app")
	metricsAddress := flag.String("metrics-address", ":9090", "`address` of /metrics, /healthz and /readyz")
	version := flag.String("version", fromEnvironment("APP_VERSION", "dev"), "`version` shown in answers (env APP_VERSION)")
	pod := flag.String("pod", fromEnvironment("HOSTNAME", "localhost"), "`name` shown in answers (env HOSTNAME)")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "go-app: unexpected %q\n", flag.Arg(0))
		os.Exit(2)
	}
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	if err := serve(*address, *metricsAddress, newApp(*version, *pod), log); err != nil {
		log.Error("ended", "error", err.Error())
		os.Exit(1)
	}
}

func fromEnvironment(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// serve runs both servers until SIGTERM or SIGINT, then lets the requests in progress finish.
func serve(address, metricsAddress string, a *app, log *slog.Logger) error {
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	public := &http.Server{
		Addr: address, Handler: a.routes(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 5 * time.Second,
		ConnState: a.metrics.connection,
	}
	private := &http.Server{Addr: metricsAddress, Handler: a.metricsRoutes(), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 2)
	go func() { failed <- public.ListenAndServe() }()
	go func() { failed <- private.ListenAndServe() }()
	log.Info("listening", "address", address, "version", a.version, "pod", a.pod)
	select {
	case err := <-failed:
		return err
	case <-stop.Done():
	}
	log.Info("finishing the requests in progress")
	limit, release := context.WithTimeout(context.Background(), shutdownTimeout)
	defer release()
	err := public.Shutdown(limit)
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn("some requests were not finished in time")
		err = nil
	}
	return errors.Join(err, private.Close())
}
