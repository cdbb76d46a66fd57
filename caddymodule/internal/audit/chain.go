package audit

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"time"
)

// chain puts lines into their envelopes. What it has added counts only once it
// is told that the lines were written.
type chain struct {
	opts  *Options
	last  link   // the last line that is written, as far as is known
	lines []byte // what is to be written next, or what could not be
	next  link   // the last of lines
	notes []string

	known    bool // last was found once
	starts   bool // a start line is due
	open     bool // what is written does not end with a newline
	torn     fragment
	tried    bool // lines could not be written, or only in part
	reached  int  // how many bytes of lines are thought to be written
	unsigned int  // lines since the last checkpoint, lines to be written included
}

func (c *chain) signs() bool { return c.opts.Signer != nil }

// pending reports that a line has yet to admit how the file ends, or that this
// process has begun.
func (c *chain) pending() bool { return c.starts || c.open }

// resume finds the chain's last line, given how the file ends. A file that is
// there for the first time says it all. Later the file only says how much of the
// lines that failed is in it: lines that vanished must be missed by who verifies.
func (c *chain) resume(end tail) {
	switch {
	case !c.known:
		c.last, c.known, c.starts = end.last, true, true
	case c.tried:
		if found, ok := c.find(end.last); ok && !end.empty {
			c.last = found
		} else {
			c.last = c.after(c.reached)
		}
	}
	c.tried = false
	c.open, c.torn = end.open, end.torn
	c.starts = c.starts || c.torn.size > 0
}

// begin starts anew with what is to be written.
func (c *chain) begin() error {
	c.lines, c.next, c.notes, c.tried = c.lines[:0], c.last, c.notes[:0], false
	if c.open {
		c.lines = append(c.lines, '\n')
	}
	if !c.starts {
		return nil
	}
	start := startLine{
		time: time.Now(), instance: c.opts.Instance, version: c.opts.Version, config: c.opts.Config, torn: c.torn,
	}
	c.put(start.appendJSON(nil))
	return c.checkpoint() // so that no log is without one
}

// add adds a line, unless it is empty, and a checkpoint if one is due.
func (c *chain) add(line []byte) error {
	if len(line) == 0 {
		return nil
	}
	c.put(line)
	if c.unsigned < c.opts.CheckpointEntries {
		return nil
	}
	return c.checkpoint()
}

func (c *chain) put(line []byte) {
	c.lines, c.next = c.next.append(c.lines, line)
	c.unsigned++
}

// checkpoint adds a signature of all lines so far, if there is a key.
func (c *chain) checkpoint() error {
	if !c.signs() || c.next.seq == 0 {
		return nil
	}
	signed, err := checkpoint{c.opts.Instance, c.next}.sign(c.opts.Signer)
	if err != nil {
		return fmt.Errorf("signing a checkpoint: %w", err)
	}
	c.put(checkpointLine{time.Now(), signed}.appendJSON(nil))
	c.notes = append(c.notes, signed)
	c.unsigned = 0
	return nil
}

// succeeded notes that lines are durable. It returns the checkpoints among them.
func (c *chain) succeeded() []string {
	c.last = c.next
	c.starts, c.open, c.torn = false, false, fragment{}
	return c.notes
}

// failed notes that n bytes of lines are thought to be written.
func (c *chain) failed(n int) {
	c.tried, c.reached = true, n
	c.unsigned = max(c.unsigned, 1)
}

// head is where a file begins that had no line before.
func (c *chain) head() head {
	for line := range bytes.Lines(c.lines) {
		if e, ok := parseEnvelope(bytes.TrimSuffix(line, []byte{'\n'})); ok {
			return head{e.seq, e.prev, e.time()}
		}
	}
	return head{}
}

// after is the last line once n bytes of lines are written. A line that lacks
// only its newline is whole.
func (c *chain) after(n int) link {
	last := c.last
	c.each(func(l link, end int) bool {
		if end > n {
			return false
		}
		last = l
		return true
	})
	return last
}

// find looks for a link among those that lines may have led to.
func (c *chain) find(wanted link) (link, bool) {
	found := wanted == c.last
	c.each(func(l link, _ int) bool {
		found = found || l == wanted
		return !found
	})
	return wanted, found
}

// each goes through lines; end is where one ends, without its newline.
func (c *chain) each(visit func(l link, end int) bool) {
	seq, end := c.last.seq, 0
	for line := range bytes.Lines(c.lines) {
		end += len(line)
		if len(line) == 1 {
			continue // the newline of a line before
		}
		seq++
		if !visit(link{seq, sha256.Sum256(line[:len(line)-1])}, end-1) {
			return
		}
	}
}
