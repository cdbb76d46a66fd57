package caddymodule

import (
	"slices"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/ringward/ringward/caddymodule/internal/alert"
)

// eventPrefix precedes the names of Ringward's events in Caddy's event system,
// as in `events { on ringward.credential_rejected ... }`.
const eventPrefix = "ringward."

// running are the apps that are started. During a reload there are two of them.
// Events come from rooms that outlive a config, and go to the latest.
var running appList

type appList struct {
	mu   sync.Mutex
	apps []*App
}

func (l *appList) add(a *App) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.apps = append(l.apps, a)
}

func (l *appList) remove(a *App) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.apps = slices.DeleteFunc(l.apps, func(other *App) bool { return other == a })
}

// latest returns the app that was started last, or nil.
func (l *appList) latest() *App {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.apps) == 0 {
		return nil
	}
	return l.apps[len(l.apps)-1]
}

// hub is the process's one way out for alerts. Repeats are folded together
// across reloads.
var hub = sync.OnceValue(func() *alert.Hub {
	return alert.NewHub(deliver, alert.HubOptions{SameBy: []string{alert.AttrProvider, alert.AttrSource, alert.AttrClientIP, alert.AttrCaller, alert.AttrNote}})
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
	if e.Suppressed > 0 {
		fields = append(fields, zap.Uint64("suppressed", e.Suppressed))
		data["suppressed"] = e.Suppressed
	}
	for name, text := range e.Attributes {
		fields = append(fields, zap.String(name, text))
		data[name] = text
	}
	level := zapcore.WarnLevel
	switch e.Name {
	case alert.CredentialRotated, alert.CredentialRecovered, alert.SourceRecovered, alert.PseudonymKeyCreated, alert.AuditCheckpoint:
		level = zapcore.InfoLevel
	}
	caddy.Log().Named("ringward.alert").Log(level, e.Name, fields...)
	metrics().events.WithLabelValues(e.Name).Add(float64(e.Suppressed + 1))
	if app := running.latest(); app != nil {
		app.events.Emit(app.ctx, eventPrefix+e.Name, data)
	}
}
