package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// report is what the drain knows, in the words that the operator and docs/decisions/0002-drain-report.md use.
type report struct {
	// SluiceDrain is the version of this format, and the mark by which a report is told from an app's own message.
	SluiceDrain int     `json:"sluiceDrain"`
	Phase       verdict `json:"phase"`
	Mode        mode    `json:"mode"`
	// StartedAt is when the first run of this drain began: RFC 3339, UTC.
	StartedAt time.Time `json:"startedAt"`
	// Seconds from StartedAt to this report.
	Seconds float64 `json:"seconds"`
	// Drained connections closed while the hook held the app.
	Drained int `json:"drained"`
	// ClosedByApp connections closed after SIGTERM while the app still ran.
	ClosedByApp int `json:"closedByApp"`
	// Open connections at the last look.
	Open int `json:"open"`
	// Idle ones among them: no byte moved for the quiet period.
	Idle int `json:"idle"`
	// OldestSeconds is how long the longest-held open connection has been held.
	OldestSeconds float64 `json:"oldestSeconds"`
	Source        string  `json:"source"`
}

const (
	reportFormat = 1
	// The kubelet reads at most 4,096 bytes of a termination message.
	reportLength = 512
)

// encode gives one JSON line, padded with spaces to a fixed length: a shorter report written over a longer one leaves
// nothing of it, and a single write of a page-sized file is never seen in half.
func (r report) encode() ([]byte, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(line) >= reportLength {
		return nil, fmt.Errorf("report of %d bytes is too long", len(line))
	}
	padded := make([]byte, reportLength)
	for i := copy(padded, line); i < reportLength; i++ {
		padded[i] = ' '
	}
	padded[reportLength-1] = '\n'
	return padded, nil
}

// A ledger is the file that keeps the report: the container's termination message, which the kubelet puts into the
// pod's status when the container has ended, however it ended. It is written at every change and not at the end,
// because nobody promises this program a last word.
type ledger struct{ path string }

// read returns the report of an earlier run of the same drain. Anything else in the file is the app's: it is left
// alone, and the operator then says `unknown`.
func (l ledger) read() (report, bool, error) {
	data, err := os.ReadFile(l.path)
	if errors.Is(err, os.ErrNotExist) || (err == nil && len(data) == 0) {
		return report{}, false, nil
	}
	if err != nil {
		return report{}, false, err
	}
	var r report
	if json.Unmarshal(data, &r) != nil || r.SluiceDrain != reportFormat {
		return report{}, false, errForeignMessage
	}
	return r, true, nil
}

var errForeignMessage = errors.New("the app has written a termination message of its own")

func (l ledger) write(r report) error {
	data, err := r.encode()
	if err != nil {
		return err
	}
	// Neither O_CREATE nor O_TRUNC: the kubelet made the file, and a truncated file would be seen empty.
	file, err := os.OpenFile(l.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(data, 0)
	return errors.Join(err, file.Close())
}
