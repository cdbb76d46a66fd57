package caddymodule

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/baggage"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// TestSpansTellNothingOfTheRequest wraps a handler as Caddy's handler tracing
// does.
func TestSpansTellNothingOfTheRequest(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	handler := otelhttp.NewHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hushSpan(r.Context())
		w.WriteHeader(http.StatusNoContent)
	}), "span", otelhttp.WithTracerProvider(provider))
	req := httptest.NewRequest("X-CANARY", "http://canary.example/canary?canary=canary", strings.NewReader("canary"))
	req.RemoteAddr = "203.0.113.77:1"
	for _, name := range []string{"User-Agent", "X-Forwarded-For", "X-Api-Key", "Referer", "Cookie"} {
		req.Header.Set(name, "canary")
	}
	handler.ServeHTTP(httptest.NewRecorder(), req)
	ended := spans.Ended()
	if len(ended) != 1 || len(ended[0].Attributes()) < len(hushed) {
		t.Fatalf("%d spans", len(ended))
	}
	for _, a := range ended[0].Attributes() {
		text := strings.ToLower(a.Value.String())
		if strings.Contains(text, "canary") || strings.Contains(text, "203.0.113") {
			t.Errorf("%s is %s", a.Key, text)
		}
	}
}

// TestMalformedBaggageIsNotLogged: OpenTelemetry quotes it in the standard log.
func TestMalformedBaggageIsNotLogged(t *testing.T) {
	for _, value := range []string{"canary", "c;a=n;a r y", "ok=1;canary=%zz", "k=%zzcanary", "canary key=1", strings.Repeat("canary,", 200)} {
		_, err := baggage.Parse(value)
		if err == nil {
			t.Errorf("%.20q is well formed", value)
			continue
		}
		var written bytes.Buffer
		if _, err := (stdLogGuard{&written}).Write([]byte(err.Error() + "\n")); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(written.String(), "canary") {
			t.Errorf("the log has %.100s", written.String())
		}
	}
}

// TestHushingAllocatesNothingWithoutASpan: most sites have no tracing.
func TestHushingAllocatesNothingWithoutASpan(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { hushSpan(t.Context()) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
