//go:build unix

package audit

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"testing"
)

// benchmarkRecorders are a file, a receiver over TCP, and both as a pair.
var benchmarkRecorders = []struct {
	name string
	open func(b *testing.B) Recorder
}{
	{"file", func(b *testing.B) Recorder { return benchmarkFile(b) }},
	{"tcp", func(b *testing.B) Recorder { return benchmarkReceiver(b) }},
	{"file and tcp", func(b *testing.B) Recorder {
		return NewPair(benchmarkFile(b), benchmarkReceiver(b), PairOptions{})
	}},
}

func benchmarkFile(b *testing.B) *Log {
	b.Helper()
	l, err := Open(filepath.Join(b.TempDir(), "audit.jsonl"), Options{})
	must(b, err)
	b.Cleanup(func() { _ = l.Close() })
	return l
}

func benchmarkReceiver(b *testing.B) *Log {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	b.Cleanup(func() { _ = listener.Close() })
	go func() {
		if conn, err := listener.Accept(); err == nil {
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}
	}()
	w, err := NewNetWriter(Receiver{Network: "tcp", Address: listener.Addr().String()})
	must(b, err)
	l, err := OpenWriterLog(w, Options{})
	must(b, err)
	b.Cleanup(func() { _ = l.Close() })
	return l
}

func BenchmarkWrite(b *testing.B) {
	e := fullEntry()
	for _, recorder := range benchmarkRecorders {
		for _, writers := range writerCounts {
			b.Run(fmt.Sprintf("%s/%d writers", recorder.name, writers), func(b *testing.B) {
				r := recorder.open(b)
				must(b, r.Start())
				inParallel(b, writers, func() error { return r.Write(b.Context(), &e) })
			})
		}
	}
}

// BenchmarkSubmit goes as fast as entries are written: when the queue is full, it
// yields and tries again.
func BenchmarkSubmit(b *testing.B) {
	e := fullEntry()
	for _, recorder := range benchmarkRecorders {
		b.Run(recorder.name, func(b *testing.B) {
			r := recorder.open(b)
			must(b, r.Start())
			refused := 0
			inParallel(b, 1, func() error {
				err := r.Submit(&e)
				for ; errors.Is(err, errFull); err = r.Submit(&e) {
					refused++
					runtime.Gosched()
				}
				return err
			})
			b.ReportMetric(float64(refused)/float64(b.N), "refused/op")
		})
	}
}
