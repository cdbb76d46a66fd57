package audit

import (
	"bytes"
	"encoding/hex"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// The kinds of control lines. Lines without a type are entries.
const (
	typeStart      = "start"      // a process began to write
	typeCheckpoint = "checkpoint" // all lines so far, signed
	typeTombstone  = "tombstone"  // a segment was deleted
	typeForget     = "forget"     // a pseudonym key was destroyed
)

// Control is a line that records something other than an exchange.
type Control interface {
	appendJSON(dst []byte) []byte
}

// Forget records that an epoch of pseudonyms was destroyed: what was recorded
// under its key can be linked to no number any more.
type Forget struct {
	// Time is when it was destroyed.
	Time time.Time

	// Epoch is the key id that those pseudonyms begin with.
	Epoch string
}

func (f Forget) appendJSON(dst []byte) []byte {
	dst = appendControl(dst, typeForget, f.Time)
	return append(appendText(dst, `,"epoch":`, f.Epoch), "}\n"...)
}

// startLine says who writes from here on.
type startLine struct {
	time                      time.Time
	instance, version, config string
	torn                      fragment
}

func (s startLine) appendJSON(dst []byte) []byte {
	dst = appendControl(dst, typeStart, s.time)
	dst = appendText(dst, `,"instance":`, s.instance)
	dst = appendOptionalText(dst, `,"version":`, s.version)
	dst = appendOptionalText(dst, `,"config":`, s.config)
	if s.torn.size > 0 {
		dst = appendInt(dst, `,"torn":`, s.torn.size)
		dst = appendHash(dst, `,"torn_hash":"`, s.torn.hash)
	}
	return append(dst, "}\n"...)
}

type checkpointLine struct {
	time time.Time
	note string
}

func (c checkpointLine) appendJSON(dst []byte) []byte {
	dst = appendControl(dst, typeCheckpoint, c.time)
	return append(appendText(dst, `,"note":`, c.note), "}\n"...)
}

// tombstoneLine stands for a segment, and for all lines of the chain before it:
// the oldest segment goes first.
type tombstoneLine struct {
	time    time.Time
	segment segment
	reason  string
}

func (t tombstoneLine) appendJSON(dst []byte) []byte {
	s := &t.segment
	dst = appendControl(dst, typeTombstone, t.time)
	dst = appendText(dst, `,"segment":`, s.name)
	dst = appendInt(dst, `,"first_seq":`, int64(s.first))
	dst = appendInt(dst, `,"last_seq":`, int64(s.last.seq))
	dst = appendHash(dst, `,"last_hash":"`, s.last.hash)
	dst = appendInt(dst, `,"lines":`, int64(s.last.seq-s.first+1))
	dst = appendTime(dst, `,"first_time":"`, s.begun)
	dst = appendTime(dst, `,"last_time":"`, s.ended)
	return append(appendText(dst, `,"reason":`, t.reason), "}\n"...)
}

func appendControl(dst []byte, kind string, at time.Time) []byte {
	dst = append(dst, `{"type":"`...)
	dst = append(dst, kind...)
	return appendTime(dst, `","time":"`, at)
}

func appendTime(dst []byte, name string, at time.Time) []byte {
	dst = at.UTC().AppendFormat(append(dst, name...), timeFormat)
	return append(dst, '"')
}

func appendHash(dst []byte, name string, hash [32]byte) []byte {
	dst = hex.AppendEncode(append(dst, name...), hash[:])
	return append(dst, '"')
}

// control is a control line as it is read.
type control struct {
	Type string `json:"type"`

	Instance string `json:"instance"`
	Torn     int64  `json:"torn"`
	TornHash string `json:"torn_hash"`

	Note string `json:"note"`

	Segment  string `json:"segment"`
	FirstSeq uint64 `json:"first_seq"`
	LastSeq  uint64 `json:"last_seq"`
	LastHash string `json:"last_hash"`

	Epoch string `json:"epoch"`
}

const (
	controlPrefix = `"type":"`
	timePrefix    = `"time":"`
)

func (e *envelope) isControl() bool { return bytes.HasPrefix(e.body, []byte(controlPrefix)) }

func parseControl(line []byte) (c control, err error) {
	err = json.Unmarshal(line, &c)
	return c, err
}

// timeText is the time of a line as it stands there, nil if it has none. All
// have one width, so they sort as text.
func (e *envelope) timeText() []byte {
	rest := e.body
	if e.isControl() {
		_, rest, _ = bytes.Cut(rest, []byte(`",`))
	}
	rest, ok := bytes.CutPrefix(rest, []byte(timePrefix))
	if !ok || len(rest) < len(timeFormat) {
		return nil
	}
	return rest[:len(timeFormat)]
}

// time is the zero time if the line has none.
func (e *envelope) time() time.Time {
	at, err := time.Parse(timeFormat, string(e.timeText()))
	if err != nil {
		return time.Time{}
	}
	return at
}

// validInstance reports whether name can stand in the first line of a note and
// in a key's name.
func validInstance(name string) bool {
	return name != "" && len(name) <= maxInstance && !strings.ContainsFunc(name, notInKeyID)
}

const maxInstance = 128
