package caddymodule

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// hushed are the attributes that Caddy's handler tracing, where a site has it,
// takes from a request: numbers stand in paths, and callers and clients are
// nobody's business but the audit log's.
var hushed = []attribute.KeyValue{
	attribute.String("url.path", ""),
	attribute.String("user_agent.original", ""),
	attribute.String("client.address", ""),
	attribute.String("network.peer.address", ""),
	attribute.String("server.address", ""), // of the header Host
	attribute.String("http.request.method_original", ""),
}

// hushSpan takes out of the request's span, if there is one, what tells about
// the request. It can do nothing about the trace context that a caller sends.
func hushSpan(ctx context.Context) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(hushed...) // the last value of an attribute counts
	}
}
