package audit

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// checker follows one chain, line by line.
type checker struct {
	verifiers note.Verifiers
	known     knownCheckpoints
	report    ChainReport

	last     link  // of the line before
	lastAt   place // where that is
	former   link  // of the line before that
	suspect  *suspect
	torn     region
	gaps     []gap
	graves   []grave
	signed   uint64 // up to this line, checkpoints cover all
	from, to []byte // the first and last time of an entry
}

// place is where a line is.
type place struct {
	file   string
	number int
	seq    uint64
}

func (p place) finding(what string) *Finding { return &Finding{p.file, p.number, p.seq, what} }

// suspect is a line that does not hold the hash of the one before, or has its
// place. Which of the two is wrong, only the line after tells: it holds the hash
// of the second if that is right.
type suspect struct {
	first, second place
	hash          [sha256.Size]byte // of the second
}

const (
	wasChanged    = "was changed or inserted: the line after it holds the hash of another"
	prevChanged   = "was changed or inserted: it does not follow from the line before"
	notALine      = "is not a whole line of the log, and no start line after it says so"
	notStart      = "is the first of a chain, but no start line"
	tooManyGraves = "has more tombstones before it than can be kept in mind"

	maxGraves = 1 << 16
)

func (s *suspect) judge(next *envelope) *Finding {
	if next == nil || next.prev == s.hash {
		return s.first.finding(wasChanged)
	}
	return s.second.finding(prevChanged)
}

// region is what was torn: anything but whole lines.
type region struct {
	at     place
	size   int64
	sum    hash.Hash
	open   bool // there is such a region
	closed bool // its last part has a newline
}

func newChecker(verifiers note.Verifiers, known knownCheckpoints) *checker {
	return &checker{verifiers: verifiers, known: known, torn: region{sum: sha256.New()}}
}

// check takes the next line.
func (c *checker) check(line rawLine) *Finding {
	e, ok := parseLine(line.text)
	at := place{line.file, line.number, e.seq}
	if !ok {
		at.seq = 0
	}
	if c.suspect != nil {
		if !ok {
			return c.suspect.judge(nil)
		}
		return c.suspect.judge(&e)
	}
	if !ok {
		c.torn.add(at, line)
		return nil
	}
	if c.torn.open && !c.torn.isAdmitted(&e, line.text) {
		return c.torn.at.finding(notALine)
	}
	if found := c.follows(&e, at); found != nil {
		return found
	}
	l := e.link(line.text)
	if c.suspect != nil {
		c.suspect.hash = l.hash
		return nil
	}
	if found := c.read(&e, line.text, at); found != nil {
		return found
	}
	if len(c.known) > 0 {
		c.known.compare(l, c.report.Instance, at)
	}
	c.former, c.last, c.lastAt = c.last, l, at
	c.report.Lines++
	c.report.LastSeq = l.seq
	return nil
}

// follows checks a line's place in the chain.
func (c *checker) follows(e *envelope, at place) *Finding {
	fits, isFirst := e.prev == c.last.hash, at.number == 1 || c.torn.open && c.torn.at.number == 1
	switch {
	case e.seq == c.last.seq+1 && fits:
	case e.seq == c.last.seq+1 && c.last.seq > 0:
		c.suspect = &suspect{first: c.lastAt, second: at}
	case e.seq == c.last.seq && c.last.seq > 0 && e.prev == c.former.hash: // one of the two is too much
		c.suspect = &suspect{first: c.lastAt, second: at}
	case e.seq == 1:
		return at.finding("is the first of a chain, but holds the hash of a line before or stands after one")
	case isFirst && e.seq > c.last.seq+1 && !fits:
		c.gaps = append(c.gaps, gap{c.last, link{e.seq - 1, e.prev}, at})
	case e.seq > c.last.seq+1:
		return at.finding(fmt.Sprintf("stands after seq %d: lines between them are missing, or its number was changed", c.last.seq))
	default:
		return at.finding(fmt.Sprintf("stands after seq %d: it is out of order, or there twice", c.last.seq))
	}
	if c.report.FirstSeq == 0 {
		c.report.FirstSeq = e.seq
	}
	return nil
}

// read takes what a line says beyond its envelope.
func (c *checker) read(e *envelope, line []byte, at place) *Finding {
	if e.isControl() {
		said, err := parseControl(line)
		if err != nil {
			return at.finding("is not a control line as the log writes them")
		}
		return c.control(&said, at)
	}
	switch {
	case c.torn.open:
		return c.torn.at.finding(notALine)
	case e.seq == c.last.seq && c.last.seq > 0 && e.prev == c.former.hash: // one of the two is too much
		c.suspect = &suspect{first: c.lastAt, second: at}
	case e.seq == 1:
		return at.finding("is the first of a chain, but no start line")
	}
	c.report.Entries++
	c.report.Unsigned++
	if at := e.timeText(); at != nil {
		c.from, c.to = earliest(c.from, at), latest(c.to, at)
	}
	return nil
}

func earliest(a, b []byte) []byte {
	if a == nil || bytes.Compare(b, a) < 0 {
		return append(a[:0], b...)
	}
	return a
}

func latest(a, b []byte) []byte {
	if bytes.Compare(b, a) > 0 {
		return append(a[:0], b...)
	}
	return a
}

// end judges what only the whole chain tells.
func (c *checker) end() *Finding {
	c.report.From, _ = time.Parse(timeFormat, string(c.from))
	c.report.To, _ = time.Parse(timeFormat, string(c.to))
	switch {
	case c.suspect != nil:
		return c.suspect.judge(nil)
	case c.torn.open && c.torn.closed:
		return c.torn.at.finding(notALine)
	case c.torn.open:
		c.report.Unfinished = c.torn.size
	}
	if found := c.explainGaps(); found != nil {
		return found
	}
	if c.verifiers != nil && c.report.Checkpoints == 0 && c.report.Lines > 0 {
		return c.lastAt.finding("ends the log, in which no checkpoint is signed with a given key")
	}
	return nil
}

func (r *region) add(at place, line rawLine) {
	if !r.open {
		r.sum.Reset()
		*r = region{at: at, sum: r.sum, open: true}
	} else {
		r.sum.Write([]byte{'\n'})
		r.size++
	}
	r.sum.Write(line.text)
	r.size += int64(len(line.text))
	r.closed = line.closed
}

// isAdmitted reports whether a line is a start line that speaks of just this
// region.
func (r *region) isAdmitted(e *envelope, line []byte) bool {
	if !e.isControl() {
		return false
	}
	said, err := parseControl(line)
	if err != nil || said.Type != typeStart || said.Torn != r.size {
		return false
	}
	admitted, ok := parseHash(said.TornHash)
	return ok && bytes.Equal(r.sum.Sum(nil), admitted[:])
}
