package audit

import "fmt"

// gap is where lines are missing between two files.
type gap struct {
	before link // the last line before it; the zero link at the beginning
	end    link // the last missing line
	at     place
}

// grave is where a tombstone says that lines were.
type grave struct {
	seq   uint64 // of the tombstone
	first uint64
	last  link
}

// control takes a control line.
func (c *checker) control(said *control, at place) *Finding {
	if said.Type == typeStart {
		return c.start(said, at)
	}
	if at.seq == 1 {
		return at.finding(notStart)
	}
	switch said.Type {
	case typeCheckpoint:
		return c.checkpoint(said, at)
	case typeTombstone:
		return c.tombstone(said, at)
	case typeForget, typeMissed:
		return nil
	}
	return at.finding("is a control line of an unknown type")
}

func (c *checker) start(said *control, at place) *Finding {
	if !validInstance(said.Instance) {
		return at.finding("names no instance")
	}
	c.report.Instance = said.Instance
	afterGap := len(c.gaps) > 0 && c.gaps[len(c.gaps)-1].at == at // what was torn is missing too
	switch {
	case c.torn.open: // which this line admits, or it would not be read
		c.report.Torn++
		c.report.TornBytes += c.torn.size
		c.torn.open = false
	case said.Torn != 0 && !afterGap:
		return at.finding("speaks of torn lines before it, but there are none")
	}
	return nil
}

func (c *checker) checkpoint(said *control, at place) *Finding {
	signed, err := openCheckpoint(said.Note, c.verifiers)
	if err != nil {
		return at.finding("is not a valid checkpoint: " + err.Error())
	}
	if c.report.Instance == "" { // the start line was deleted
		c.report.Instance = signed.instance
	}
	if signed.instance != c.report.Instance {
		return at.finding("is a checkpoint of another instance")
	}
	if signed.link != c.before() {
		return at.finding("is a checkpoint of another line than the one before it")
	}
	c.signed = signed.link.seq
	c.report.Checkpoints++
	c.report.Unsigned = 0
	return nil
}

// before is the link that the line before has, be it missing or not.
func (c *checker) before() link {
	if len(c.gaps) > 0 {
		if last := c.gaps[len(c.gaps)-1].end; last.seq > c.last.seq {
			return last
		}
	}
	return c.last
}

func (c *checker) tombstone(said *control, at place) *Finding {
	hash, ok := parseHash(said.LastHash)
	if !ok || said.FirstSeq == 0 || said.LastSeq < said.FirstSeq || said.LastSeq >= at.seq {
		return at.finding("is a tombstone of no lines before it")
	}
	if len(c.graves) == maxGraves {
		return at.finding(tooManyGraves)
	}
	c.graves = append(c.graves, grave{at.seq, said.FirstSeq, link{said.LastSeq, hash}})
	return nil
}

// explainGaps finds a gap that no tombstones stand for.
func (c *checker) explainGaps() *Finding {
	byEnd := map[uint64]grave{}
	for _, g := range c.graves {
		if c.verifiers == nil || g.seq <= c.signed {
			byEnd[g.last.seq] = g
		}
	}
	for _, g := range c.gaps {
		if !g.isExplained(byEnd) {
			return g.at.finding(fmt.Sprintf("stands after seq %d: the lines between them are missing, and no tombstone says why", g.before.seq))
		}
		c.report.Deleted += g.end.seq - g.before.seq
		c.known.deleted(c.report.Instance, g.before.seq+1, g.end.seq)
	}
	return nil
}

// isExplained goes back from the end of a gap, tombstone by tombstone. At the
// beginning of the log one is enough: the oldest segment goes first, so the
// tombstones of those before it may be gone as well.
func (g gap) isExplained(byEnd map[uint64]grave) bool {
	found, ok := byEnd[g.end.seq]
	if !ok || found.last != g.end {
		return false
	}
	for g.before.seq > 0 && found.first > g.before.seq+1 {
		if found, ok = byEnd[found.first-1]; !ok {
			return false
		}
	}
	return g.before.seq == 0 || found.first == g.before.seq+1
}
