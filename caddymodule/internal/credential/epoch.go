package credential

import (
	"fmt"
	"time"
)

// How long an epoch is. All of them turn at midnight UTC.
const (
	EveryMonth = "month" // named 2026-11
	EveryWeek  = "week"  // of ISO 8601, from Monday on, named 2026-W48
	EveryDay   = "day"   // named 2026-11-29
)

// Epoch is a span of time with a pseudonym key of its own: from Start on, and up
// to End but without it.
type Epoch struct {
	Name       string
	Start, End time.Time // UTC
}

// EpochAt returns the epoch that at falls into, a month for "". It depends on nothing but the two,
// so that all replicas name the same epoch.
func EpochAt(every string, at time.Time) Epoch {
	year, month, day := at.UTC().Date()
	midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	switch every {
	case EveryDay:
		return Epoch{midnight.Format(dayForm), midnight, midnight.AddDate(0, 0, 1)}
	case EveryWeek:
		sinceMonday := (int(midnight.Weekday()) + 6) % 7
		monday := midnight.AddDate(0, 0, -sinceMonday)
		isoYear, week := monday.ISOWeek()
		return Epoch{fmt.Sprintf(weekForm, isoYear, week), monday, monday.AddDate(0, 0, 7)}
	default:
		first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
		return Epoch{first.Format(monthForm), first, first.AddDate(0, 1, 0)}
	}
}

const (
	monthForm = "2006-01"
	dayForm   = "2006-01-02"
	weekForm  = "%04d-W%02d" // for fmt: package time knows no weeks
)

// ParseEpoch returns the epoch with a name: a month, a week or a day. The error
// wraps ErrInvalid and does not repeat the name.
func ParseEpoch(name string) (Epoch, error) {
	var year, week int
	if at, err := time.Parse(monthForm, name); err == nil {
		return EpochAt(EveryMonth, at), nil
	}
	if at, err := time.Parse(dayForm, name); err == nil {
		return EpochAt(EveryDay, at), nil
	}
	if n, _ := fmt.Sscanf(name, "%4d-W%2d", &year, &week); n == 2 {
		inFirstWeek := time.Date(year, time.January, 4, 0, 0, 0, 0, time.UTC) // by ISO 8601
		// Only a week that the year has gets the same name again.
		if epoch := EpochAt(EveryWeek, inFirstWeek.AddDate(0, 0, 7*(week-1))); epoch.Name == name {
			return epoch, nil
		}
	}
	return Epoch{}, fmt.Errorf("not the name of an epoch: write a month as 2026-11, a week as 2026-W48 or a day as 2026-11-29: %w", ErrInvalid)
}

// contains reports whether the epoch is the one of a moment. It goes by the wall
// clock: Start and End have no monotonic reading.
func (e Epoch) contains(at time.Time) bool { return !at.Before(e.Start) && at.Before(e.End) }
