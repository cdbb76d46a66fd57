package quota

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The bounds of a rate. They keep every arithmetic on it free of overflow and
// every header inside the integers of RFC 9651.
const (
	maxLimit  = 1_000_000_000
	maxPeriod = 366 * 24 * time.Hour
)

// Rate allows Limit requests in each Period.
type Rate struct {
	// Limit is the number of requests, 1 to 1,000,000,000.
	Limit int64

	// Period is the length of the window in whole seconds, up to 366 days.
	Period time.Duration
}

// ParseRate reads a rate such as "10/h" or "100/15m": a number of requests, a
// slash, and a period in s, m, h or d, with an optional count before the unit.
func ParseRate(text string) (Rate, error) {
	count, period, found := strings.Cut(text, "/")
	if !found {
		return Rate{}, fmt.Errorf("reading rate %q: want requests/period, such as 10/h or 100/15m", text)
	}
	limit, err := parseCount(count, maxLimit)
	if err != nil {
		return Rate{}, fmt.Errorf("reading rate %q: number of requests: %w", text, err)
	}
	length, err := parsePeriod(period)
	if err != nil {
		return Rate{}, fmt.Errorf("reading rate %q: period: %w", text, err)
	}
	rate := Rate{Limit: limit, Period: length}
	if err := rate.check(); err != nil {
		return Rate{}, fmt.Errorf("reading rate %q: %w", text, err)
	}
	return rate, nil
}

// String gives the rate in the form that ParseRate reads.
func (r Rate) String() string {
	period := periodText(r.Period)
	if len(period) == len("1h") {
		period = strings.TrimPrefix(period, "1")
	}
	return strconv.FormatInt(r.Limit, 10) + "/" + period
}

func (r Rate) check() error {
	switch {
	case r.Limit < 1 || r.Limit > maxLimit:
		return fmt.Errorf("number of requests must be 1 to %d", int64(maxLimit))
	case r.Period < time.Second || r.Period > maxPeriod:
		return errors.New("period must be 1 second to 366 days")
	case r.Period%time.Second != 0:
		return errors.New("period must be whole seconds")
	}
	return nil
}

// units lists the units of a period, longest first.
var units = []struct {
	letter byte
	length time.Duration
}{
	{'d', 24 * time.Hour},
	{'h', time.Hour},
	{'m', time.Minute},
	{'s', time.Second},
}

func parsePeriod(text string) (time.Duration, error) {
	if text == "" {
		return 0, errors.New("missing")
	}
	for _, unit := range units {
		if text[len(text)-1] != unit.letter {
			continue
		}
		count := text[:len(text)-1]
		if count == "" {
			return unit.length, nil
		}
		n, err := parseCount(count, int64(maxPeriod/unit.length))
		if err != nil {
			return 0, err
		}
		return time.Duration(n) * unit.length, nil
	}
	return 0, errors.New("want a unit of s, m, h or d, with an optional whole number before it")
}

// parseCount reads a decimal number from 1 to most: digits only, no sign, no
// leading zero.
func parseCount(text string, most int64) (int64, error) {
	if text == "" {
		return 0, errors.New("missing")
	}
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, errors.New("want a whole number without sign")
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > most || text[0] == '0' {
		return 0, fmt.Errorf("want a number from 1 to %d without leading zeros", most)
	}
	return n, nil
}

// periodText writes a period with the longest unit that divides it: "1h", "15m".
func periodText(period time.Duration) string {
	for _, unit := range units {
		if period >= unit.length && period%unit.length == 0 {
			return strconv.FormatInt(int64(period/unit.length), 10) + string(unit.letter)
		}
	}
	return period.String()
}
