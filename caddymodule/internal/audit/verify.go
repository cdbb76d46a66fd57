package audit

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// VerifyOptions say what is known apart from the files.
type VerifyOptions struct {
	// Verifiers are the keys that checkpoints must be signed with; see
	// ParseVerifiers. If they are given, each chain must have a checkpoint, and a
	// tombstone counts only below one. Without them no signature is checked, and
	// the lines could all have been written anew.
	Verifiers note.Verifiers

	// Known are notes of checkpoints that were kept elsewhere. Each must be of a
	// line that is there, or was deleted by the log itself. This is what finds
	// lines that were cut off at the end.
	Known []string
}

var errNoFiles = errors.New("no audit files found")

// Verify reads audit files, and all audit files in directories, in any order. A path
// that names neither and has one of the characters *, ? and [ is a pattern of files.
// A log may be written, rotated and thinned out while it is read. Verify tells
// whether each line is where, and as, it was written. If not, the error names the
// first bad line of each chain, as the report does, and is ErrBroken. Any other
// error is about reading the files. Memory is bounded.
//
// Whoever can write the files can change what no checkpoint covers: the entries
// that ChainReport.Unsigned counts, and the last line. Without Known they can
// also cut off lines at the end.
func Verify(paths []string, opts VerifyOptions) (Report, error) {
	known, err := parseKnown(opts)
	if err != nil {
		return Report{}, err
	}
	for range maxLooks {
		report, err := verifyFound(paths, opts, known)
		if !errors.Is(err, errGone) {
			return report, err
		}
	}
	return Report{}, errGone
}

func verifyFound(paths []string, opts VerifyOptions, known knownCheckpoints) (report Report, err error) {
	chains, err := arrange(paths)
	if err != nil {
		return report, err
	}
	if len(chains) == 0 {
		return report, errNoFiles
	}
	lines := newLineReader(nil, readBuffer)
	for _, files := range chains {
		c := newChecker(opts.Verifiers, known)
		if err := c.run(files, lines); err != nil {
			return report, err
		}
		report.Chains = append(report.Chains, c.report)
	}
	known.judge(&report)
	return report, report.broken()
}

func (c *checker) run(files []*source, lines *lineReader) error {
	for _, file := range files {
		c.report.Files++
		for line, err := range file.lines(lines) {
			if errors.Is(err, errLongLine) {
				c.report.Bad = &Finding{file.path, line.number, 0, "no line is that long"}
				return nil
			}
			if err != nil {
				return err
			}
			if c.report.Bad = c.check(line); c.report.Bad != nil {
				return nil
			}
		}
	}
	c.report.Bad = c.end()
	return nil
}

// knownCheckpoints are those kept elsewhere, by their line's number.
type knownCheckpoints map[uint64][]*knownCheckpoint

type knownCheckpoint struct {
	checkpoint
	seen  bool
	wrong *Finding // the line that should be it
}

func parseKnown(opts VerifyOptions) (knownCheckpoints, error) {
	known := knownCheckpoints{}
	for i, signed := range opts.Known {
		c, err := openCheckpoint(signed, opts.Verifiers)
		if err != nil {
			return nil, fmt.Errorf("known checkpoint %d: %w", i+1, err)
		}
		known[c.link.seq] = append(known[c.link.seq], &knownCheckpoint{checkpoint: c})
	}
	return known, nil
}

// compare notes whether a line is the one that was signed.
func (k knownCheckpoints) compare(l link, instance string, at place) {
	for _, c := range k[l.seq] {
		if c.link == l {
			c.seen = true
		} else if c.instance == instance {
			c.wrong = at.finding("is not the line that a checkpoint kept elsewhere was made of")
		}
	}
}

// deleted accepts the checkpoints of lines that tombstones stand for.
func (k knownCheckpoints) deleted(instance string, first, last uint64) {
	for seq, list := range k {
		for _, c := range list {
			c.seen = c.seen || seq >= first && seq <= last && c.instance == instance
		}
	}
}

// judge finds fault with the chains that lack a checkpoint's line. A chain that
// broke off before that line has its finding already.
func (k knownCheckpoints) judge(report *Report) {
	for _, list := range k {
		for _, c := range list {
			if !c.seen {
				c.blame(report)
			}
		}
	}
}

func (c *knownCheckpoint) blame(report *Report) {
	finding := c.wrong
	if finding == nil {
		finding = &Finding{What: fmt.Sprintf(
			"a checkpoint kept elsewhere was made of line %d of instance %s, which is in no file", c.link.seq, c.instance)}
	}
	for i := range report.Chains {
		if chain := &report.Chains[i]; chain.Instance == c.instance {
			if chain.Bad == nil {
				chain.Bad = finding
			}
			return
		}
	}
	report.Chains = append(report.Chains, ChainReport{Instance: c.instance, Bad: finding})
}
