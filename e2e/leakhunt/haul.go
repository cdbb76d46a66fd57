package leakhunt

import (
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/ringward/ringward/e2e/harness"
)

// shownHits is how many hits of a kind a report shows.
const shownHits = 2

// haul is what came out of a system, searched as it comes and not kept.
type haul struct {
	searcher harness.Searcher
	bytes    atomic.Int64
	requests atomic.Int64

	mu       sync.Mutex
	answered map[string]int // with 200, by preset
	hits     int
	kinds    map[string]int // by what was found where
	shown    []harness.Hit
	ends     map[string]string // of streams: the end of what was searched
	read     map[string]int64  // of files
}

func newHaul() *haul {
	return &haul{answered: make(map[string]int), kinds: make(map[string]int), ends: make(map[string]string), read: make(map[string]int64)}
}

// answer counts an answer of a preset's provider.
func (h *haul) answer(preset string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answered[preset]++
}

// text searches something whole.
func (h *haul) text(place, text string, numbers bool) {
	h.bytes.Add(int64(len(text)))
	h.file(h.searcher.Search(place, text, numbers))
}

// stream searches the next part of something that goes on.
func (h *haul) stream(place, text string) {
	if text == "" {
		return
	}
	h.bytes.Add(int64(len(text)))
	h.mu.Lock()
	text = h.ends[place] + text
	h.ends[place] = text[max(0, len(text)-h.searcher.Longest()):]
	h.mu.Unlock()
	h.file(h.searcher.Search(place, text, true))
}

// grown searches what a file has got since the last time.
func (h *haul) grown(place, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for {
		part, err := io.ReadAll(io.NewSectionReader(file, h.read[path], 16<<20))
		if err != nil || len(part) == 0 {
			return err
		}
		h.read[path] += int64(len(part))
		h.stream(place, string(part))
	}
}

func (h *haul) file(hits []harness.Hit) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hits += len(hits)
	for _, hit := range hits {
		kind := hit.What + " is in " + hit.Place
		if h.kinds[kind]++; h.kinds[kind] <= shownHits {
			h.shown = append(h.shown, hit)
		}
	}
}
