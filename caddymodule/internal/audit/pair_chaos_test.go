package audit

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Whatever the two logs do, and when: what was acknowledged is in one of them at
// least, and each says exactly how many lines it has not got of the other's.
func TestAPairAccountsForEveryLine(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { accountForEveryLine(t, rand.New(rand.NewPCG(seed, 0))) })
		})
	}
}

func accountForEveryLine(t *testing.T, random *rand.Rand) {
	p := newFaultyPair(t, 1+random.IntN(16))
	closedEarly := random.IntN(3) == 0 // one log, by somebody else
	var mu sync.Mutex
	var taken, safe []string
	var wg sync.WaitGroup
	for i := range 400 {
		id := fmt.Sprintf("id-%d-", i)
		submits, after := random.IntN(2) == 0, time.Duration(random.Int64N(int64(20*time.Second)))
		wg.Go(func() {
			time.Sleep(after)
			var err error
			if submits {
				err = p.Submit(entry(id))
			} else {
				err = p.Write(t.Context(), entry(id))
			}
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				taken = append(taken, id)
				if !submits || !closedEarly { // a log that is closed while it fails loses what only it had
					safe = append(safe, id)
				}
			}
		})
	}
	for _, w := range p.writers {
		plan := make([]time.Duration, 2*6)
		for i := range plan {
			plan[i] = time.Duration(random.Int64N(int64(4 * time.Second)))
		}
		kinds := random.Perm(6)
		wg.Go(func() {
			for i, kind := range kinds {
				time.Sleep(plan[2*i])
				repair := w.repair
				switch kind % 3 {
				case 0:
					w.fail()
				case 1:
					repair = w.hang()
				case 2:
					w.set(func(w *faultyWriter) { w.delay = 700 * time.Millisecond })
				}
				time.Sleep(plan[2*i+1])
				repair()
			}
		})
	}
	if closedEarly {
		after := time.Duration(random.Int64N(int64(20 * time.Second)))
		wg.Go(func() {
			time.Sleep(after)
			_ = p.halves[1].log.Close()
		})
	}
	wg.Wait()
	time.Sleep(time.Minute)
	if err := p.Close(); err != nil && !closedEarly {
		t.Error(err)
	}

	first, second := idsIn(t, p.writers[0].String()), idsIn(t, p.writers[1].String())
	for _, id := range safe {
		if !slices.Contains(first, id) && !slices.Contains(second, id) {
			t.Errorf("%s was acknowledged, but is in neither log", id)
		}
	}
	status := p.Status()
	for i, ids := range [][2][]string{{first, second}, {second, first}} {
		var missing uint64
		for _, id := range ids[1] {
			if !slices.Contains(ids[0], id) {
				missing++
			}
		}
		said := recorded(t, p.writers[i].String())
		if missing != status[i].Missed || missing != said+status[i].Unrecorded || status[i].Unrecorded != 0 && !closedEarly {
			t.Errorf("log %d misses %d lines, its status is %+v, and it speaks of %d", i, missing, status[i], said)
		}
	}
	if waiting := p.submitted.Load(); waiting != 0 {
		t.Errorf("%d deliveries are still counted", waiting)
	}
	t.Logf("%d of 400 taken, %+v", len(taken), status)
}

func idsIn(t *testing.T, text string) (ids []string) {
	t.Helper()
	if text == "" {
		return nil
	}
	mustVerifyText(t, text)
	for line := range strings.Lines(text) {
		if _, rest, ok := strings.Cut(line, `"request_id":"`); ok {
			id, _, _ := strings.Cut(rest, `"`)
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	if len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Error("an entry is there twice")
	}
	return ids
}
