package credential

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func date(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestEpochsAreNamedByTheCalendarOfUTC(t *testing.T) {
	for _, c := range []struct{ every, at, name, start, end string }{
		{EveryMonth, "2026-11-29T13:00:00Z", "2026-11", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"},
		{EveryMonth, "2026-12-31T23:59:59.999999999Z", "2026-12", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{EveryMonth, "2027-01-01T00:00:00Z", "2027-01", "2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z"},
		{EveryMonth, "2027-01-01T01:00:00+02:00", "2026-12", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{EveryMonth, "2028-02-29T12:00:00Z", "2028-02", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"},
		{EveryWeek, "2026-11-29T23:59:59Z", "2026-W48", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"},
		{EveryWeek, "2026-11-30T00:00:00Z", "2026-W49", "2026-11-30T00:00:00Z", "2026-12-07T00:00:00Z"},
		{EveryWeek, "2026-12-31T00:00:00Z", "2026-W53", "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z"},
		{EveryWeek, "2027-01-03T23:59:59Z", "2026-W53", "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z"},
		{EveryWeek, "2024-12-30T00:00:00Z", "2025-W01", "2024-12-30T00:00:00Z", "2025-01-06T00:00:00Z"},
		{EveryDay, "2026-12-31T23:59:59Z", "2026-12-31", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z"},
		{EveryDay, "2026-12-31T23:00:00-02:00", "2027-01-01", "2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z"},
	} {
		got := EpochAt(c.every, date(c.at))
		if got.Name != c.name || !got.Start.Equal(date(c.start)) || !got.End.Equal(date(c.end)) || got.Start.Location() != time.UTC {
			t.Errorf("%s at %s: got %+v", c.every, c.at, got)
		}
	}
}

// TestEpochsFollowEachOtherWithoutAGap walks through 30 years, and reads each name
// back.
func TestEpochsFollowEachOtherWithoutAGap(t *testing.T) {
	for _, every := range []string{EveryMonth, EveryWeek, EveryDay} {
		names := map[string]bool{}
		for e := EpochAt(every, date("2019-12-31T12:00:00Z")); e.Start.Year() < 2050; e = EpochAt(every, e.End) {
			if names[e.Name] {
				t.Fatalf("%s: two epochs are named %s", every, e.Name)
			}
			names[e.Name] = true
			if again, err := ParseEpoch(e.Name); err != nil || again != e {
				t.Fatalf("%s reads as %+v, %v", e.Name, again, err)
			}
			if !e.contains(e.Start) || e.contains(e.Start.Add(-1)) || !e.contains(e.End.Add(-1)) || e.contains(e.End) {
				t.Fatalf("%s has other bounds than it says", e.Name)
			}
		}
	}
}

func TestWhatIsNoEpochIsRefused(t *testing.T) {
	for _, name := range []string{
		"", "2026", "2026-13", "2026-00", "2026-1", "26-11", "2026-11-31", "2026-W00", "2026-W54", "2027-W53", "2026-W1",
		"2026-w48", "2026-W48x", " 2026-11", "2026-11/", "../2026-11", "2026-11-29T00", "+15550100", "key",
	} {
		if _, err := ParseEpoch(name); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q is an epoch: %v", name, err)
		}
	}
	if _, err := ParseEpoch("+15550100"); err == nil || strings.Contains(err.Error(), "5550100") {
		t.Errorf("the error repeats what was asked for: %v", err)
	}
}
