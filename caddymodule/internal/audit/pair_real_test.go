package audit

import (
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// A collector that comes and goes keeps no request waiting; its copy, what it got
// over all connections, verifies as well.
func TestAFileAndAReceiver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	r := listen(t, "tcp", "127.0.0.1:0", nil)
	address := r.address()
	defer wantNoGoroutinesLeft(t)()
	file, err := Open(path, Options{Instance: "i", Timeout: time.Minute})
	must(t, err)
	receiver, w := openNetLog(t, Receiver{Network: "tcp", Address: address, Timeout: time.Minute})
	p := NewPair(file, receiver, PairOptions{})
	must(t, p.Start())
	var ids []string
	write := func() {
		for range 20 {
			ids = append(ids, fmt.Sprint("id-", len(ids), "-"))
			must(t, p.Write(t.Context(), entry(ids[len(ids)-1])))
		}
	}

	write()
	conn := <-r.conns
	must(t, receiver.Write(t.Context(), entry("last"))) // so that all before it was written
	text := readLines(t, conn, 1+len(ids)+1)
	must(t, conn.Close())
	r.stop()
	<-w.wire.conn.ended
	write()
	if p.Failing() {
		t.Error("fails with a file that works")
	}

	again := listen(t, "tcp", address, nil)
	defer again.stop()
	received := make(chan string)
	go func() {
		rest, _ := io.ReadAll(<-again.conns)
		received <- string(rest)
	}()
	for receiver.Write(t.Context(), entry("back")) != nil {
		runtime.Gosched()
	}
	write()
	must(t, p.Close())
	text += <-received
	wantEntries(t, read(t, path), ids...)
	wantEntries(t, text, append(ids, "last", "back")...)
	if status := p.Status(); status[1].Missed != 0 {
		t.Errorf("got %+v", status)
	}
}
