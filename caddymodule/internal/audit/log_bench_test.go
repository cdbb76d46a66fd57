//go:build unix

package audit

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

var writerCounts = []int{1, 64}

func inParallel(b *testing.B, writers int, write func() error) {
	b.ReportAllocs()
	b.SetParallelism(max(writers/runtime.GOMAXPROCS(0), 1))
	if writers == 1 {
		for b.Loop() {
			if err := write(); err != nil {
				b.Fatal(err)
			}
		}
		return
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := write(); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkLog(b *testing.B) {
	e := fullEntry()
	for _, writers := range writerCounts {
		b.Run(fmt.Sprintf("%d writers", writers), func(b *testing.B) {
			l := openLog(b, filepath.Join(b.TempDir(), "audit.jsonl"))
			inParallel(b, writers, func() error { return l.Write(b.Context(), &e) })
		})
	}
}

// BenchmarkSyncEach is what Log spares: every entry with a sync of its own.
func BenchmarkSyncEach(b *testing.B) {
	e := fullEntry()
	for _, writers := range writerCounts {
		b.Run(fmt.Sprintf("%d writers", writers), func(b *testing.B) {
			file, err := os.OpenFile(filepath.Join(b.TempDir(), "audit.jsonl"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, fileMode)
			if err != nil {
				b.Fatal(err)
			}
			defer file.Close()
			var mu sync.Mutex
			var line []byte
			inParallel(b, writers, func() error {
				mu.Lock()
				defer mu.Unlock()
				line = e.AppendJSON(line[:0])
				if _, err := file.Write(line); err != nil {
					return err
				}
				return syncData(file)
			})
		})
	}
}
