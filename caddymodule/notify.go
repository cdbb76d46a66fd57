package caddymodule

import (
	"sync"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/ringward/ringward/caddymodule/internal/alert"
)

// eventPrefix precedes the names of Ringward's events in Caddy's event system,
// as in `events { on ringward.credential_rejected ... }`.
const eventPrefix = "ringward."

// currentApp is the running config's app. Events come from rooms that outlive
// a config, and go to whichever is running.
var currentApp atomic.Pointer[App]

// hub is the process's one way out for alerts. Repeats are folded together
// across reloads.
var hub = sync.OnceValue(func() *alert.Hub {
	return alert.NewHub(deliver, alert.HubOptions{SameBy: []string{alert.AttrProvider, alert.AttrSource, alert.AttrClientIP}})
})

// authFailures notices who keeps trying keys.
var authFailures = sync.OnceValue(func() *alert.Detector {
	return alert.NewDetector(func(e alert.Event) { hub().Emit(e) }, alert.DetectorOptions{})
})

// deliver logs an event, counts it, and hands it to the event handlers that
// the config names. It runs off the request path.
func deliver(e alert.Event) {
	fields := make([]zap.Field, 0, len(e.Attributes)+1)
	fields = append(fields, zap.String("event", e.Name))
	data := make(map[string]any, len(e.Attributes)+1)
	for name, text := range e.Attributes {
		fields = append(fields, zap.String(name, text))
		data[name] = text
	}
	caddy.Log().Named("ringward.alert").Warn(e.Name, fields...)
	metrics().events.WithLabelValues(e.Name).Inc()
	if app := currentApp.Load(); app != nil {
		app.events.Emit(app.ctx, eventPrefix+e.Name, data)
	}
}
