package caddymodule

import (
	"bytes"
	"io"
	"log"
	"sync"
)

// quoting are the beginnings of lines in which libraries quote what they send
// and receive: Go's HTTP client what a server sent beyond the end of its
// answer, and, where GODEBUG asks for it, every frame of HTTP/2; Caddy's
// tracing a header Baggage that is malformed. That can hold a number or a key,
// and there is no other way to stop it.
var quoting = [][]byte{
	[]byte("Unsolicited response received on idle HTTP channel"),
	[]byte("http2: "),
	[]byte("invalid baggage list-member"),
	[]byte("invalid key: "),
	[]byte("invalid value: "),
}

// stdLogGuard withholds those quotes from the process's log.
type stdLogGuard struct{ next io.Writer }

// Write passes a line on, without its content where it may quote an answer.
func (g stdLogGuard) Write(line []byte) (int, error) {
	for _, beginning := range quoting {
		if bytes.Contains(line, beginning) {
			_, err := g.next.Write(append(bytes.Clone(beginning), " (the content is withheld)\n"...))
			return len(line), err
		}
	}
	return g.next.Write(line)
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
