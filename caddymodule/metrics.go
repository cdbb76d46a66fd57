package caddymodule

import (
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringward/ringward/caddymodule/internal/alert"
)

// collectors are process-wide: Caddy hands out a fresh registry at every
// reload, and counters must not start again. Labels hold names from the
// config and fixed words only, so their number is bounded.
type collectors struct {
	requests *prometheus.CounterVec   // by provider, operation, caller, outcome
	refusals *prometheus.CounterVec   // by provider, reason
	upstream *prometheus.CounterVec   // by provider, operation, class
	duration *prometheus.HistogramVec // by provider
	lookup   *prometheus.HistogramVec // by provider
	events   *prometheus.CounterVec   // by event
	quota    *prometheus.GaugeVec     // by provider, quota
	cost     *prometheus.CounterVec   // by provider, caller
}

var metrics = sync.OnceValue(func() *collectors {
	latency := prometheus.ExponentialBuckets(0.0005, 2, 15) // 0.5 ms to 8 s
	m := &collectors{
		requests: counter("ringward_requests_total", "Requests by how they ended: answered, refused or failed.",
			"provider", "operation", "caller", "outcome"),
		refusals: counter("ringward_refusals_total", "Requests that were refused or failed, by reason.", "provider", "reason"),
		upstream: counter("ringward_upstream_calls_total", "Calls to providers, by class of the answer's status. Each may cost money.",
			"provider", "operation", "class"),
		duration: histogram("ringward_request_duration_seconds", "Time from a request's arrival to its answer.", latency, "provider"),
		lookup:   histogram("ringward_upstream_duration_seconds", "Time spent waiting for providers.", latency, "provider"),
		quota: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ringward_provider_quota_remaining",
			Help: "What is left of a quota, as the provider's last answer told it.",
		}, []string{"provider", "quota"}),
		cost:   counter("ringward_cost_units_total", "Cost units of lookups that were sent to providers: 1 is the price of a provider's plainest lookup.", "provider", "caller"),
		events: counter("ringward_events_total", "Alert events, by name, with those that were folded into others.", "event"),
	}
	for _, name := range alert.Names() {
		m.events.WithLabelValues(name) // at 0, so that the first one is an increase
	}
	return m
})

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}

func (m *collectors) all() []prometheus.Collector {
	return []prometheus.Collector{
		m.requests, m.refusals, m.upstream, m.duration, m.lookup, m.events, m.quota, m.cost, keeperCollector{}, limitStoreCollector{},
	}
}

// registerMetrics makes the collectors known to a config's registry.
func registerMetrics(registry *prometheus.Registry) {
	for _, c := range metrics().all() {
		// A registry that knows a collector already is the only failure there can be.
		if err := registry.Register(c); err != nil && !errors.As(err, &prometheus.AlreadyRegisteredError{}) {
			panic(err)
		}
	}
}

var (
	credentialAge = prometheus.NewDesc("ringward_credential_age_seconds",
		"Age of the credential's version in use, where the source tells when it was written.", []string{"credential", "source"}, nil)
	credentialReady = prometheus.NewDesc("ringward_credential_ready",
		"1 when the credential is loaded and not stale, else 0.", []string{"credential", "source"}, nil)
	credentialFailures = prometheus.NewDesc("ringward_credential_failed_refreshes",
		"Refreshes of the credential that failed since the last good one.", []string{"credential", "source"}, nil)
)

// keeperCollector reports on the credentials of the running config.
type keeperCollector struct{}

// Describe lists what Collect reports.
func (keeperCollector) Describe(out chan<- *prometheus.Desc) {
	out <- credentialAge
	out <- credentialReady
	out <- credentialFailures
}

// Collect reports what each credential says of itself.
func (keeperCollector) Collect(out chan<- prometheus.Metric) {
	app := running.latest()
	if app == nil {
		return
	}
	seen := make(map[[2]string]bool)
	for _, entry := range app.secrets.list() {
		status := entry.keeper.Status()
		key := [2]string{entry.name, status.Source}
		if seen[key] {
			continue // several routes share one credential
		}
		seen[key] = true
		ready := 0.0
		if status.Ready {
			ready = 1
		}
		out <- prometheus.MustNewConstMetric(credentialReady, prometheus.GaugeValue, ready, entry.name, status.Source)
		out <- prometheus.MustNewConstMetric(credentialFailures, prometheus.GaugeValue, float64(status.Failures), entry.name, status.Source)
		if !status.Created.IsZero() {
			out <- prometheus.MustNewConstMetric(credentialAge, prometheus.GaugeValue, time.Since(status.Created).Seconds(), entry.name, status.Source)
		}
	}
}

var (
	limitStoreUp = prometheus.NewDesc("ringward_limit_store_up",
		"1 while limits are counted in the Redis that instances share, else 0.", nil, nil)
	limitStoreFailures = prometheus.NewDesc("ringward_limit_store_failures_total",
		"How often Redis failed to count or was late.", nil, nil)
)

// limitStoreCollector reports on the Redis of the running config, if there is
// one.
type limitStoreCollector struct{}

// Describe lists what Collect reports.
func (limitStoreCollector) Describe(out chan<- *prometheus.Desc) {
	out <- limitStoreUp
	out <- limitStoreFailures
}

// Collect reports how Redis fares.
func (limitStoreCollector) Collect(out chan<- prometheus.Metric) {
	app := running.latest()
	if app == nil {
		return
	}
	store, ok := app.store.(*redisCounters)
	if !ok {
		return
	}
	status, up := store.status(), 1.0
	if status.Down {
		up = 0
	}
	out <- prometheus.MustNewConstMetric(limitStoreUp, prometheus.GaugeValue, up)
	out <- prometheus.MustNewConstMetric(limitStoreFailures, prometheus.CounterValue, float64(status.Failures))
}
