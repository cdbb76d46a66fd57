package phone

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted stands in for a number wherever one is printed by mistake.
const redacted = "[phone number]"

// Format implements fmt.Formatter, so that no verb prints the number.
func (Number) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String implements fmt.Stringer for printers that look for nothing else.
func (Number) String() string { return redacted }

// MarshalText implements encoding.TextMarshaler, and so covers JSON as well.
func (Number) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (Number) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format implements fmt.Formatter, so that no verb prints the raw text.
func (Input) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String implements fmt.Stringer for printers that look for nothing else.
func (Input) String() string { return redacted }

// MarshalText implements encoding.TextMarshaler, and so covers JSON as well.
func (Input) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (Input) LogValue() slog.Value { return slog.StringValue(redacted) }

// Interface guards
var (
	_ fmt.Formatter  = Number{}
	_ slog.LogValuer = Number{}
	_ fmt.Formatter  = Input{}
	_ slog.LogValuer = Input{}
)
