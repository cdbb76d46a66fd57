package audit

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// found lists the request ids of records, and its errors.
func found(records func(func(Record, error) bool)) (ids []string, errs []error) {
	for record, err := range records {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		ids = append(ids, record.RequestID)
	}
	return ids, errs
}

func textOf(id string) string { return string(entry(id).AppendJSON(nil)) }

func TestReadingGoesOnAfterALineThatIsNoRecord(t *testing.T) {
	text := textOf("1") + "\n" + "torn{\n" + textOf("2") + strings.Repeat("x", 3*maxRecord) + "\n" +
		strings.TrimSpace(textOf("3"))
	for name, r := range map[string]io.Reader{
		"at once": strings.NewReader(text), "byte by byte": iotest.OneByteReader(strings.NewReader(text)),
	} {
		t.Run(name, func(t *testing.T) {
			ids, errs := found(Records(r))
			if !slices.Equal(ids, []string{"1", "2", "3"}) {
				t.Errorf("got %v", ids)
			}
			if len(errs) != 2 || !errors.Is(errs[0], ErrMalformed) || !strings.HasPrefix(errs[0].Error(), "line 3: ") ||
				!errors.Is(errs[1], ErrMalformed) || !strings.HasPrefix(errs[1].Error(), "line 5: ") {
				t.Errorf("got %v", errs)
			}
		})
	}
}

func TestAnErrorOfTheReaderEndsReading(t *testing.T) {
	broken := errors.New("disk gone")
	for name, before := range map[string]string{
		"after a line": textOf("1"), "in a line": textOf("1") + `{"time`,
		"in a long line": textOf("1") + strings.Repeat("x", 2*maxRecord),
	} {
		t.Run(name, func(t *testing.T) {
			ids, errs := found(Records(io.MultiReader(strings.NewReader(before), iotest.ErrReader(broken))))
			if !slices.Equal(ids, []string{"1"}) || len(errs) != 1 || !errors.Is(errs[0], broken) {
				t.Errorf("got %v, %v", ids, errs)
			}
		})
	}
}

func TestSearchFindsASubject(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 12, 0, 0, 0, time.UTC) }
	about := func(id string, when time.Time, pseudonyms ...string) string {
		e := Entry{RequestID: id, Time: when, Decision: Answered}
		for _, pseudonym := range pseudonyms {
			e.Numbers = append(e.Numbers, NumberRef{Pseudonym: pseudonym})
		}
		return string(e.AppendJSON(nil))
	}
	client := Entry{RequestID: "client", Time: day(4), Decision: Refused, ClientIPPseudonym: "e1:cc"}
	log := about("early", day(1), "e1:aa") + about("batch", day(2), "e1:bb", "e1:aa") + about("none", day(2)) +
		about("other", day(2), "e1:bb") + about("rotated", day(3), "e2:aa") + string(client.AppendJSON(nil)) +
		string(enveloped([]byte(`{"type":"start","time":"2026-03-04T12:00:00Z","numbers":[{"pseudonym":"e1:aa"}]}`)))
	for _, tt := range []struct {
		name         string
		pseudonyms   []string
		since, until time.Time
		want         string
	}{
		{"one key", []string{"e1:aa"}, time.Time{}, time.Time{}, "early batch"},
		{"two keys", []string{"e1:aa", "e2:aa"}, time.Time{}, time.Time{}, "early batch rotated"},
		{"since is in", []string{"e1:aa", "e2:aa"}, day(2), time.Time{}, "batch rotated"},
		{"until is not", []string{"e1:aa", "e2:aa"}, time.Time{}, day(3), "early batch"},
		{"client", []string{"e1:cc"}, time.Time{}, time.Time{}, "client"},
		{"nobody", nil, time.Time{}, time.Time{}, ""},
		{"empty pseudonym", []string{""}, time.Time{}, time.Time{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ids, errs := found(Search(Records(strings.NewReader(log)), tt.pseudonyms, tt.since, tt.until))
			if got := strings.Join(ids, " "); got != tt.want || len(errs) > 0 {
				t.Errorf("got %q, %v", got, errs)
			}
		})
	}
}

func TestSearchTellsWhatItCouldNotRead(t *testing.T) {
	_, errs := found(Search(Records(strings.NewReader("torn{\n")), []string{"e1:aa"}, time.Time{}, time.Time{}))
	if len(errs) != 1 || !errors.Is(errs[0], ErrMalformed) {
		t.Errorf("got %v", errs)
	}
}

func TestSearchStopsWhenItIsTold(t *testing.T) {
	e := Entry{Decision: Answered, Numbers: []NumberRef{{Pseudonym: "e1:aa"}}}
	log := strings.Repeat(string(e.AppendJSON(nil)), 3)
	seen := 0
	counted := func(yield func(Record, error) bool) {
		for record, err := range Records(strings.NewReader(log)) {
			if seen++; !yield(record, err) {
				return
			}
		}
	}
	for range Search(counted, []string{"e1:aa"}, time.Time{}, time.Time{}) {
		break
	}
	if seen != 1 {
		t.Errorf("%d records were read", seen)
	}
}
