package caddymodule

import (
	"bytes"
	"io"
	"log"
	"sync"
)

// unsolicited begins the line in which Go's HTTP client quotes what a server
// sent beyond the end of its answer. That can be the rest of an answer, and so
// hold a number or an echoed key. The client offers no other way to stop it.
var unsolicited = []byte("Unsolicited response received on idle HTTP channel")

// stdLogGuard withholds those quotes from the process's log.
type stdLogGuard struct{ next io.Writer }

// Write passes a line on, without its content where it may quote an answer.
func (g stdLogGuard) Write(line []byte) (int, error) {
	if !bytes.Contains(line, unsolicited) {
		return g.next.Write(line)
	}
	_, err := g.next.Write(append(bytes.Clone(unsolicited), "; its content is withheld\n"...))
	return len(line), err
}

var stdLogMu sync.Mutex

// guardStdLog puts the guard before the standard logger's writer. Caddy
// replaces that writer when it loads a config and again when it unloads one,
// so this is called at both.
func guardStdLog() {
	stdLogMu.Lock()
	defer stdLogMu.Unlock()
	if _, guarded := log.Writer().(stdLogGuard); !guarded {
		log.SetOutput(stdLogGuard{log.Writer()})
	}
}
