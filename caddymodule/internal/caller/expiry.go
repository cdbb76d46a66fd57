package caller

import (
	"errors"
	"time"
)

// Expiry is the moment from which something is no longer valid. The zero Expiry
// never comes.
type Expiry time.Time

var errExpiryForm = errors.New(`write a day as "2027-01-31" (valid to its end, in UTC) or a moment as "2027-01-31T12:00:00Z"`)

// ParseExpiry reads a day, which lasts to its end in UTC, or a moment as RFC 3339
// writes it. The error does not repeat the text.
func ParseExpiry(text string) (Expiry, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return Expiry(day.AddDate(0, 0, 1)), nil
	}
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil || moment.IsZero() {
		return Expiry{}, errExpiryForm
	}
	return Expiry(moment.UTC()), nil
}

// Passed reports whether the moment has come.
func (e Expiry) Passed(now time.Time) bool { return !e.IsZero() && !now.Before(time.Time(e)) }

// IsZero reports whether the moment never comes.
func (e Expiry) IsZero() bool { return time.Time(e).IsZero() }

// MarshalText writes the moment as RFC 3339.
func (e Expiry) MarshalText() ([]byte, error) {
	if e.IsZero() {
		return nil, nil
	}
	return time.Time(e).AppendFormat(nil, time.RFC3339), nil
}

// UnmarshalText implements encoding.TextUnmarshaler, as ParseExpiry does.
func (e *Expiry) UnmarshalText(text []byte) error {
	parsed, err := ParseExpiry(string(text))
	if err != nil {
		return err
	}
	*e = parsed
	return nil
}
