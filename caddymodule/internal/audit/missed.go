package audit

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// typeMissed is a control line: lines went to the other log of a pair only.
const typeMissed = "missed"

// missedLine says how many lines a log has not got, and between which times.
type missedLine struct {
	time        time.Time
	lines       uint64
	first, last time.Time
}

func (m missedLine) appendJSON(dst []byte) []byte {
	dst = appendControl(dst, typeMissed, m.time)
	dst = appendInt(dst, `,"lines":`, int64(m.lines))
	dst = appendTime(dst, `,"first_time":"`, m.first)
	dst = appendTime(dst, `,"last_time":"`, m.last)
	return append(dst, "}\n"...)
}

// half is one log of a pair, and what it misses.
type half struct {
	log       *Log
	onLagging func()

	owes      atomic.Bool // unrecorded is not 0
	mu        sync.Mutex
	missed    uint64     // lines since the start
	owed      missedLine // those of them that the log does not speak of yet
	recording bool       // a line about them is on its way
}

// miss counts a line that only the other log has.
func (h *half) miss() {
	now := time.Now()
	h.mu.Lock()
	h.missed++
	begins := h.owed.lines == 0
	if begins {
		h.owed.first = now
		h.owes.Store(true)
	}
	h.owed.last = now
	h.owed.lines++
	h.mu.Unlock()
	if begins {
		h.onLagging()
	}
}

// admit queues a line about what was missed, if that is due. The goroutine that
// writes to the log calls it when that works.
func (h *half) admit() {
	if !h.owes.Load() {
		return
	}
	said, ok := h.take()
	if !ok {
		return
	}
	p := &pending{line: said.appendJSON(nil), owner: &admission{h, said}}
	select {
	case h.log.queue <- p:
	default: // the next line that is written leads here again
		h.put(said, ErrUnavailable)
	}
}

// take returns what is to be recorded, unless somebody does so already.
func (h *half) take() (missedLine, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.recording || h.owed.lines == 0 {
		return missedLine{}, false
	}
	h.recording = true
	said := h.owed
	said.time = time.Now()
	return said, true
}

// put is told whether what take returned has been recorded.
func (h *half) put(said missedLine, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.recording = false
	if err == nil {
		h.owed.lines -= said.lines
		h.owed.first = said.last
		h.owes.Store(h.owed.lines > 0)
	}
}

// close records what is still to be recorded, and closes the log.
func (h *half) close() error {
	if said, ok := h.take(); ok {
		h.put(said, h.log.Record(context.Background(), said))
	}
	return h.log.Close()
}

// admission owns a line about missed lines.
type admission struct {
	half *half
	said missedLine
}

func (a *admission) tried(error) {}

func (a *admission) wanted() bool { return true }

func (a *admission) needed() bool { return false }

func (a *admission) ended(_ *pending, err error) { a.half.put(a.said, err) }
