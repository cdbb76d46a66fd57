package quota

import (
	"fmt"
	"time"
)

// CalendarPeriod is what a budget lasts for, in UTC.
type CalendarPeriod string

// The calendar periods.
const (
	Daily   CalendarPeriod = "day"
	Monthly CalendarPeriod = "month"
)

func (p CalendarPeriod) check() error {
	if p != Daily && p != Monthly {
		return fmt.Errorf("unknown budget period %q: use day or month", p)
	}
	return nil
}

// index numbers the period that holds a moment.
func (p CalendarPeriod) index(now time.Time) int64 {
	now = now.UTC()
	if p == Monthly {
		return int64(now.Year())*12 + int64(now.Month()) - 1
	}
	return now.Unix() / int64(24*time.Hour/time.Second)
}

// start returns when the period with an index starts.
func (p CalendarPeriod) start(index int64) time.Time {
	if p == Monthly {
		return time.Date(int(index/12), time.Month(index%12+1), 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Unix(index*int64(24*time.Hour/time.Second), 0).UTC()
}
