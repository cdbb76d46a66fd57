package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"golang.org/x/mod/sumdb/note"

	"github.com/ringward/ringward/caddymodule/internal/alert"
	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/credential"
)

// auditLog is where the entries go. It is opened as soon as the key for its
// checkpoints is there; until then nothing is written, and so nothing answered.
type auditLog struct {
	config  AuditConfig
	options string             // of the log, to tell configs apart
	signing *credential.Keeper // nil: nothing is signed

	mu       sync.Mutex
	recorder atomic.Pointer[audit.Recorder]
	closed   bool
}

// open opens the log, if its key is there. A key that is not fit is an error; one
// that is not there yet is not.
func (l *auditLog) open() error {
	_, err := l.ready()
	if errors.Is(err, credential.ErrNotReady) || errors.Is(err, credential.ErrStale) {
		return nil
	}
	return err
}

func (l *auditLog) ready() (audit.Recorder, error) {
	if r := l.recorder.Load(); r != nil {
		return *r, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.recorder.Load(); r != nil {
		return *r, nil
	}
	if l.closed {
		return nil, audit.ErrClosed
	}
	signer, err := l.signer()
	if err != nil {
		return nil, err
	}
	recorder, err := l.config.recorder(signer)
	if err != nil {
		return nil, err
	}
	l.recorder.Store(&recorder)
	return recorder, nil
}

func (l *auditLog) signer() (note.Signer, error) {
	if l.signing == nil {
		return nil, nil
	}
	value, err := l.signing.Current()
	if err != nil {
		return nil, err
	}
	return audit.ParseSigner(value.Fields[0].Secret.Reveal())
}

// recorder prepares the log, or the two of a pair. A config that is merely
// validated writes nothing.
func (c *AuditConfig) recorder(signer note.Signer) (audit.Recorder, error) {
	first, err := c.first(c.logOptions(signer))
	if err != nil {
		return nil, err
	}
	if c.Also == nil {
		return first, nil
	}
	opts := c.logOptions(signer)
	if c.Also.Kind != sinkFile {
		opts.MaxSize, opts.MaxAge, opts.Retain = 0, 0, 0
	}
	second, err := c.Also.open(opts)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("also: %w", err), first.Close())
	}
	return audit.NewPair(first, second, audit.PairOptions{OnLagging: func(log int) {
		at := c.destination()
		if log == 1 {
			at = "also " + c.Also.Kind
		}
		hub().Emit(alert.Event{Name: alert.AuditLagging, Attributes: map[string]string{alert.AttrSource: at}})
	}}), nil
}

func (c *AuditConfig) first(opts audit.Options) (*audit.Log, error) {
	if c.Stdout {
		return audit.OpenStdout(opts)
	}
	return audit.Prepare(c.destination(), opts)
}

func (c *AuditConfig) logOptions(signer note.Signer) audit.Options {
	version, _ := caddy.Version()
	return audit.Options{
		Instance: c.Instance, Version: version, Signer: signer,
		CheckpointEntries: c.CheckpointEntries, CheckpointEvery: time.Duration(c.CheckpointEvery),
		MaxSize: c.RotateSize, MaxAge: time.Duration(c.RotateEvery), Retain: time.Duration(c.Retain),
		OnCheckpoint: func(note string) {
			hub().Emit(alert.Event{Name: alert.AuditCheckpoint, Attributes: map[string]string{alert.AttrNote: note}})
		},
		OnProblem: func(err error) {
			hub().Emit(alert.Event{Name: alert.AuditProblem, Attributes: map[string]string{alert.AttrSource: c.destination(), "detail": err.Error()}})
		},
	}
}

// Start writes that this process begins. A key that is not there yet is waited for
// by the first entry.
func (l *auditLog) Start() error {
	r, err := l.ready()
	switch {
	case errors.Is(err, credential.ErrNotReady) || errors.Is(err, credential.ErrStale):
		return nil
	case err != nil:
		return err
	}
	return r.Start()
}

// Write returns nil once the entry is durable.
func (l *auditLog) Write(ctx context.Context, e *audit.Entry) error {
	r, err := l.ready()
	if err != nil {
		return unready(err)
	}
	return r.Write(ctx, e)
}

// Submit returns nil once the entry waits to be written.
func (l *auditLog) Submit(e *audit.Entry) error {
	r, err := l.ready()
	if err != nil {
		return unready(err)
	}
	return r.Submit(e)
}

// Record writes a control line.
func (l *auditLog) Record(ctx context.Context, c audit.Control) error {
	r, err := l.ready()
	if err != nil {
		return unready(err)
	}
	return r.Record(ctx, c)
}

func unready(err error) error { return fmt.Errorf("%w: %w", audit.ErrUnavailable, err) }

// Failing reports that nothing could be written of late.
func (l *auditLog) Failing() bool {
	r, err := l.ready()
	return err != nil || r.Failing()
}

// Close writes what waits.
func (l *auditLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if r := l.recorder.Load(); r != nil {
		return (*r).Close()
	}
	return nil
}
