package caller

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
)

func BenchmarkExtract(b *testing.B) {
	e := newExtractor(b, everySlot...)
	key, _ := newKey(b)
	for _, bench := range []struct {
		name  string
		h     http.Header
		query url.Values
	}{
		{"own_header", header("X-API-Key", key), nil},
		{"bearer", header("Authorization", "Bearer "+key), nil},
		{"basic", header("Authorization", basic("account:"+key)), nil},
		{"query", nil, url.Values{"access_key": {key}}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Extract(bench.h, bench.query, ""); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFind(b *testing.B) {
	var callers []Caller[int]
	var last string
	for i := range 1000 {
		key, digest := newKey(b)
		last = key
		callers = append(callers, Caller[int]{Name: fmt.Sprintf("caller-%d", i), Keys: []Key{{Digest: digest}}})
	}
	d, err := NewDirectory(callers)
	if err != nil {
		b.Fatal(err)
	}
	for name, key := range map[string]string{"known": last, "unknown": last[:46] + "_"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = d.Find(key, today)
			}
		})
	}
}
