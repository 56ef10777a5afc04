// Command drain holds an app's container while connections to it are open. It is the preStop hook of every pod of an
// AppDeployment; docs/app-deployment-drain.md says what it decides and why.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

const usage = `usage:
  drain wait --port PORT [--port PORT] [--mode auto|connection|request] [--quiet 3s] [--deadline 290s]
  drain install DIRECTORY
  drain version
`

// version of the agent's behaviour. Its report format has a number of its own.
const version = "1.0.0"

// Exit status of a command line that makes no sense.
const exitUsage = 2

func main() {
	// This program lives inside the memory limit of the app; it makes little garbage and may spend time to keep it so.
	debug.SetGCPercent(10)
	err := run(os.Args[1:], os.Stdout)
	var misuse usageError
	switch {
	case errors.As(err, &misuse):
		fmt.Fprintln(os.Stderr, "drain:", err)
		os.Exit(exitUsage)
	case err != nil:
		fmt.Fprintln(os.Stderr, "drain:", err)
		os.Exit(1)
	}
}

// usageError is a command line that makes no sense.
type usageError struct{ error }

func run(arguments []string, out io.Writer) error {
	if len(arguments) == 0 {
		return usageError{errors.New("no command; try drain --help")}
	}
	command, rest := arguments[0], arguments[1:]
	switch command {
	case "wait":
		return runWait(rest)
	case "observe":
		return runObserve(rest)
	case "install":
		if len(rest) != 1 {
			return usageError{errors.New("install takes one directory")}
		}
		return install(rest[0])
	case "version":
		_, err := fmt.Fprintln(out, version)
		return err
	case "help", "-h", "--help":
		_, err := io.WriteString(out, usage)
		return err
	}
	return usageError{fmt.Errorf("no such command %q; try drain --help", command)}
}

func runWait(arguments []string) error {
	var ports portList
	var message, live, modeText string
	var limits rules
	flags := newFlags("wait")
	flags.Var(&ports, "port", "`port` of the app, 1 to 65535; repeat for more")
	flags.StringVar(&modeText, "mode", string(modeAuto), "auto, connection or request")
	flags.DurationVar(&limits.quiet, "quiet", 3*time.Second, "no new connection for this long ends the search for new ones")
	flags.DurationVar(&limits.settle, "settle", 5*time.Second, "never end before this")
	flags.DurationVar(&limits.deadline, "deadline", 290*time.Second, "end at this time whatever is open")
	flags.StringVar(&message, "message", "/dev/termination-log", "the container's termination message `file`")
	flags.StringVar(&live, "live", "", "`address` on which to show the counts while draining, such as :29090")
	if err := parse(flags, arguments); err != nil {
		return err
	}
	if len(ports) == 0 {
		return usageError{errors.New("wait: at least one --port is needed")}
	}
	if limits.quiet < 0 || limits.settle < 0 || limits.deadline <= 0 {
		return usageError{errors.New("wait: --deadline must be above zero, --quiet and --settle not below")}
	}
	var err error
	if limits.mode, err = parseMode(modeText); err != nil {
		return usageError{err}
	}
	return wait(waitOptions{
		ports: ports, rules: limits, messagePath: message, liveAddress: live, log: os.Stdout,
		observe: func() error { return startObserver(append(ports.arguments(), "--message", message)...) },
	})
}

// runObserve is started by `drain wait` only.
func runObserve(arguments []string) error {
	var ports portList
	o := observeOptions{procRoot: "/proc", ready: func() { os.Stdout.Close() }}
	flags := newFlags("observe")
	flags.Var(&ports, "port", "port of the app")
	flags.StringVar(&o.messagePath, "message", "/dev/termination-log", "the container's termination message file")
	flags.IntVar(&o.process, "process", 1, "the app's main process")
	if err := parse(flags, arguments); err != nil {
		return err
	}
	o.ports = ports
	return observeShutdown(o)
}

func newFlags(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

func parse(flags *flag.FlagSet, arguments []string) error {
	err := flags.Parse(arguments)
	if errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(os.Stdout)
		flags.PrintDefaults()
		os.Exit(0)
	}
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", flags.Name(), err)}
	}
	if flags.NArg() > 0 {
		return usageError{fmt.Errorf("%s: unexpected %q", flags.Name(), flags.Arg(0))}
	}
	return nil
}

type portList []uint16

func (p *portList) String() string { return strings.Join(p.arguments(), " ") }

func (p *portList) Set(text string) error {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return errors.New("must be a port from 1 to 65535")
	}
	*p = append(*p, uint16(port))
	return nil
}

func (p *portList) arguments() []string {
	var list []string
	for _, port := range *p {
		list = append(list, "--port", strconv.Itoa(int(port)))
	}
	return list
}
