package leakhunt

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// collector takes traces as an OpenTelemetry collector does.
type collector struct {
	url   string
	taken atomic.Int64 // exports
}

func startCollector(t *testing.T, h *haul) *collector {
	t.Helper()
	c := &collector{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what came is searched
		h.text("the traces", string(body), true)
		c.taken.Add(1)
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}
