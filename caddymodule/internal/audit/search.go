package audit

import (
	"iter"
	"time"
)

// Search yields the records about one subject: those in which a number, or the
// client's address, has one of the pseudonyms. A subject has one pseudonym under
// each key, so all keys of the time searched are needed to find all of them.
//
// Only records from since on and before until are yielded; the zero Time leaves
// that side open. The records stay whole: in those of a batch stand the
// pseudonyms of other subjects, too. Control lines are never yielded. Errors of
// records are passed on, because what is unreadable may be about the subject.
func Search(records iter.Seq2[Record, error], pseudonyms []string, since, until time.Time) iter.Seq2[Record, error] {
	wanted := make(map[string]bool, len(pseudonyms))
	for _, pseudonym := range pseudonyms {
		wanted[pseudonym] = pseudonym != "" // no pseudonym is that of nobody
	}
	return func(yield func(Record, error) bool) {
		for record, err := range records {
			matches := err != nil || within(record.Time, since, until) && record.isAbout(wanted)
			if matches && !yield(record, err) {
				return
			}
		}
	}
}

func within(t, since, until time.Time) bool {
	return (since.IsZero() || !t.Before(since)) && (until.IsZero() || t.Before(until))
}

func (r *Record) isAbout(wanted map[string]bool) bool {
	for _, number := range r.Numbers {
		if wanted[number.Pseudonym] {
			return true
		}
	}
	return wanted[r.ClientIPPseudonym]
}
