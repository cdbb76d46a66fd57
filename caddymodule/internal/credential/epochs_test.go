package credential

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// epochStage is Epochs over a fake Vault in fake time.
type epochStage struct {
	t     *testing.T
	f     *fakeVault
	cfg   EpochsConfig
	e     *Epochs
	told  *events
	clock atomic.Int64 // what the machine's clock is set wrong by, or back
}

// withEpochs runs a test at a time of day, with Epochs that are not loaded yet.
func withEpochs(t *testing.T, at string, every string, test func(t *testing.T, s *epochStage)) {
	t.Helper()
	cleanEnvironment(t)
	jwt := write(t, t.TempDir(), "jwt", "header.payload.signature\n", 0o600)
	synctest.Test(t, func(t *testing.T) {
		f := newFakeVault()
		session, closeAll := bubbleSession(t, f, jwt)
		defer closeAll()
		s := &epochStage{t: t, f: f, told: &events{}}
		s.setClock(at)
		s.cfg = EpochsConfig{
			Session: session, Path: "secret/" + pseudonyms, Every: every, Environment: "production",
			Now: s.now, OnEvent: s.told.add, jitter: func() float64 { return 0.5 },
		}
		s.e = s.another()
		defer s.e.Close()
		test(t, s)
	})
}

// another is a replica.
func (s *epochStage) another() *Epochs {
	s.t.Helper()
	e, err := NewEpochs(s.cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

func (s *epochStage) now() time.Time { return time.Now().Add(time.Duration(s.clock.Load())) }

func (s *epochStage) setClock(at string) { s.clock.Store(int64(time.Until(date(at)))) }

// until lets time pass up to a moment.
func (s *epochStage) until(at string) { sleep(date(at).Sub(s.now())) }

// begin loads and starts.
func (s *epochStage) begin() {
	s.t.Helper()
	if err := s.e.Load(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.e.Start()
	s.e.Start()
	synctest.Wait()
}

func (s *epochStage) mustHold(name string) *EpochKey {
	s.t.Helper()
	key, err := s.e.Current()
	if err != nil || key.Name != name {
		s.t.Fatalf("at %s: got %v, %v, want the key of %s", s.now().UTC(), key, err, name)
	}
	if err := s.e.Ready(); err != nil || !s.e.Status().Ready {
		s.t.Fatalf("there is a key and it is not ready: %v, %+v", err, s.e.Status())
	}
	return key
}

func (s *epochStage) mustFail(want error) {
	s.t.Helper()
	key, err := s.e.Current()
	if key != nil || !errors.Is(err, want) {
		s.t.Fatalf("at %s: got %v, %v, want %v", s.now().UTC(), key, err, want)
	}
	if err := s.e.Ready(); !errors.Is(err, want) || s.e.Status().Ready {
		s.t.Fatalf("there is no key and it is ready: %v, %+v", err, s.e.Status())
	}
}

// mustFindItself is for a clock that was set: a request gets no key rather than one
// of another epoch, and makes the loop look at once.
func (s *epochStage) mustFindItself() {
	s.t.Helper()
	if key, err := s.e.Current(); key != nil || !errors.Is(err, ErrNotReady) {
		s.t.Fatalf("at %s: got %v, %v", s.now().UTC(), key, err)
	}
	synctest.Wait()
}

func (s *epochStage) mustTell(want ...EventKind) {
	s.t.Helper()
	if got := s.told.kinds(); !slices.Equal(got, want) {
		s.t.Fatalf("told %v, want %v", got, want)
	}
}

// vault changes what Vault does: "up", "down", or "stuck" until requests time out.
func (s *epochStage) vault(state string) {
	s.f.set(func() {
		delete(s.f.statuses, "")
		s.f.slow = 0
		switch state {
		case "down":
			s.f.statuses[""] = 503
		case "stuck":
			s.f.slow = time.Hour
		}
	})
}

func (s *epochStage) written() []string {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	var names []string
	for call := range s.f.calls {
		if name, ok := strings.CutPrefix(call, "PUT "+pseudonymData); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (s *epochStage) mustHaveWritten(want ...string) {
	s.t.Helper()
	if got := s.written(); !slices.Equal(got, want) {
		s.t.Fatalf("keys of %v were written, want %v", got, want)
	}
}

func TestEpochTurnsByTheClockAtOnce(t *testing.T) {
	for every, c := range map[string]struct{ start, ahead, turn, this, next string }{
		EveryMonth: {"2026-12-30T23:50:00Z", "2026-12-31T00:05:00Z", "2027-01-01T00:00:00Z", "2026-12", "2027-01"},
		EveryWeek:  {"2027-01-02T23:50:00Z", "2027-01-03T00:05:00Z", "2027-01-04T00:00:00Z", "2026-W53", "2027-W01"},
		EveryDay:   {"2026-12-31T00:00:00Z", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z", "2026-12-31", "2027-01-01"},
	} {
		t.Run(every, func(t *testing.T) {
			withEpochs(t, c.start, every, func(t *testing.T, s *epochStage) {
				s.mustFail(ErrNotReady)
				s.begin()
				first := s.mustHold(c.this)
				if every != EveryDay {
					s.mustHaveWritten(c.this)
					if st := s.e.Status(); st.Next != (EpochKeyStatus{}) {
						t.Errorf("the next epoch is known too early: %+v", st)
					}
				}
				s.until(c.ahead)
				s.mustHaveWritten(c.this, c.next)
				s.mustTell(EventCreated, EventCreated)
				if st := s.e.Status(); st.Current.Epoch != c.this || !st.Current.Held || st.Next.Epoch != c.next || !st.Next.Held || st.Failures != 0 {
					t.Errorf("status: %+v", st)
				}
				s.vault("stuck") // the turn itself asks nobody
				s.setClock(date(c.turn).Add(-time.Hour).Format(time.RFC3339))
				sleep(date(c.turn).Sub(s.now()) - 1)
				if s.mustHold(c.this) != first {
					t.Error("the same key is another pointer")
				}
				sleep(1)
				if second := s.mustHold(c.next); second.Secret.Equal(first.Secret) {
					t.Error("the epochs share a key")
				}
				s.vault("up")
				sleep(2 * DefaultEpochRefresh)
				if s.e.held.Load().at(date(c.turn).Add(-1)) != nil {
					t.Error("the key of the epoch that has ended is still held")
				}
			})
		})
	}
}

func TestTurnWithoutTheNextKeyFailsClosed(t *testing.T) {
	for _, state := range []string{"down", "stuck"} {
		t.Run(state, func(t *testing.T) {
			withEpochs(t, "2026-12-30T23:50:00Z", EveryMonth, func(t *testing.T, s *epochStage) {
				s.begin()
				s.vault(state)
				s.setClock("2026-12-31T22:00:00Z")
				s.until("2026-12-31T23:59:59.999999999Z")
				s.mustHold("2026-12")
				sleep(1)
				s.mustFail(ErrNotReady)
				sleep(time.Hour)
				s.mustFail(ErrNotReady)
				s.vault("up")
				sleep(DefaultRefresh + DefaultFetchTimeout)
				s.mustHold("2027-01")
				s.mustTell(EventCreated, EventRefreshFailed, EventRefreshFailed, EventRecovered, EventCreated)
				if last := s.told.list[4]; last.Source != "vault secret/"+pseudonyms+"/2027-01" || last.Err != nil {
					t.Errorf("told %+v", last)
				}
			})
		})
	}
}

func TestLostAnswerOfACreateMakesNoSecondKey(t *testing.T) {
	withEpochs(t, "2026-11-29T00:00:00Z", EveryMonth, func(t *testing.T, s *epochStage) {
		s.f.losing = 1
		s.begin()
		s.mustFail(ErrNotReady)
		sleep(time.Second)
		key := s.mustHold("2026-11")
		if n := s.f.count("PUT secret/"); n != 1 {
			t.Errorf("%d writes", n)
		}
		if again, err := s.e.keys.Read(t.Context(), "2026-11"); err != nil || !again.equal(key) {
			t.Errorf("Vault has another key: %v", err)
		}
	})
}

func TestReplicasAgreeOnEveryKey(t *testing.T) {
	withEpochs(t, "2026-12-31T12:00:00Z", EveryMonth, func(t *testing.T, s *epochStage) {
		other := s.another()
		defer other.Close()
		var writers [2]sync.WaitGroup
		for i := range writers {
			writers[i].Add(2)
		}
		s.f.gate = func(call string) { // nobody's write is taken before both have found nothing
			for i, name := range []string{"2026-12", "2027-01"} {
				if call == "PUT "+pseudonymData+name {
					writers[i].Done()
					writers[i].Wait()
				}
			}
		}
		var wg sync.WaitGroup
		wg.Go(func() { _ = other.Load(t.Context()) })
		s.begin()
		wg.Wait()
		for _, epoch := range []string{"2026-12", "2027-01"} {
			ours := s.mustHold(epoch)
			theirs, err := other.Current()
			if err != nil || !ours.equal(theirs) {
				t.Fatalf("the replicas have different keys of %s: %v", epoch, err)
			}
			s.setClock("2027-01-01T00:00:00Z")
		}
		s.mustTell(EventCreated, EventCreated)
	})
}

func TestKeyThatIsGoneIsDroppedUntilTheTurn(t *testing.T) {
	const at = pseudonyms + "/2026-12"
	for name, take := range map[string]func(*fakeVault){
		"destroyed": func(f *fakeVault) {
			secret, _ := f.kvAt(at)
			secret.Data.Data, secret.Data.Metadata.Destroyed = nil, true
			f.storeKV(at, secret)
		},
		"deleted": func(f *fakeVault) {
			secret, _ := f.kvAt(at)
			secret.Data.Data, secret.Data.Metadata.Deleted = nil, "2026-12-30T00:00:00Z"
			f.storeKV(at, secret)
		},
		"metadata and all": func(f *fakeVault) { delete(f.secrets, "secret/data/"+at) },
	} {
		t.Run(name, func(t *testing.T) {
			withEpochs(t, "2026-12-31T20:00:00Z", EveryMonth, func(t *testing.T, s *epochStage) {
				s.f.mayUpdate = true
				s.begin()
				s.mustHold("2026-12")
				s.f.set(func() { take(s.f) })
				sleep(DefaultEpochRefresh)
				s.mustFail(ErrDeleted)
				if _, err := s.e.Current(); !strings.Contains(err.Error(), "2026-12") || !strings.Contains(err.Error(), "2027-01-01T00:00:00Z") {
					t.Errorf("the error does not say which and how long: %v", err)
				}
				if st := s.e.Status(); !st.Current.Destroyed || st.Current.Held || st.Current.Error != "deleted" || st.LastError != "deleted" {
					t.Errorf("status: %+v", st)
				}
				s.vault("down") // which does not bring it back
				sleep(time.Hour)
				s.mustFail(ErrDeleted)
				s.vault("up")
				s.until("2026-12-31T23:59:59.999999999Z")
				s.mustFail(ErrDeleted)
				sleep(1)
				s.mustHold("2027-01")
				s.mustHaveWritten("2026-12", "2027-01")
				s.mustTell(EventCreated, EventCreated, EventDestroyed, EventRefreshFailed, EventRecovered)
				if told := s.told.list[2]; !errors.Is(told.Err, ErrDeleted) || !strings.HasSuffix(told.Source, "/2026-12") {
					t.Errorf("told %+v", told)
				}
			})
		})
	}
}

func TestUndeletedKeyIsUsedAgain(t *testing.T) {
	withEpochs(t, "2026-11-15T00:00:00Z", EveryMonth, func(t *testing.T, s *epochStage) {
		s.begin()
		key := s.mustHold("2026-11")
		var kept string
		s.f.set(func() {
			kept = s.f.secrets[pseudonymData+"2026-11"]
			s.f.secrets[pseudonymData+"2026-11"] = `{"data":{"data":null,"metadata":{"version":1}}}`
		})
		sleep(DefaultEpochRefresh)
		s.mustFail(ErrDeleted)
		s.cfg.OnEvent = nil
		late := s.another()
		defer late.Close()
		if err := late.Load(t.Context()); !errors.Is(err, ErrDeleted) {
			t.Errorf("a start without a key: %v", err)
		}
		s.f.put(pseudonymData+"2026-11", kept)
		sleep(DefaultEpochRefresh)
		if again := s.mustHold("2026-11"); !again.equal(key) {
			t.Error("it is another key")
		}
		s.mustTell(EventCreated, EventDestroyed, EventRecovered)
	})
}

func TestNoOtherFailureTakesAKeyAway(t *testing.T) {
	const path = pseudonymData + "2026-11"
	for name, fail := range map[string]func(*fakeVault){
		"unavailable":   func(f *fakeVault) { f.statuses[""] = 503 },
		"denied":        func(f *fakeVault) { f.denied[path] = true },
		"field_missing": func(f *fakeVault) { f.secrets[path] = `{"data":{"data":{"x":"y"},"metadata":{"version":2}}}` },
		"invalid":       func(f *fakeVault) { f.secrets[path] = `{"data":{"data":{"key":"short"},"metadata":{"version":2}}}` },
		"environment": func(f *fakeVault) {
			f.secrets[path] = strings.Replace(f.secrets[path], `"custom_metadata":null`, `"custom_metadata":{"environment":"staging"}`, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			withEpochs(t, "2026-11-15T00:00:00Z", EveryMonth, func(t *testing.T, s *epochStage) {
				s.begin()
				good := s.mustHold("2026-11")
				var kept string
				s.f.set(func() { kept = s.f.secrets[path]; fail(s.f) })
				sleep(2 * time.Hour)
				if s.mustHold("2026-11") != good {
					t.Error("it is another key")
				}
				if st := s.e.Status(); st.LastError != name || st.Current.Error != name || st.Failures < 100 {
					t.Errorf("status: %+v", st)
				}
				s.f.set(func() { clear(s.f.statuses); clear(s.f.denied); s.f.secrets[path] = kept })
				sleep(DefaultEpochRefresh)
				if s.mustHold("2026-11") != good || s.e.Status().Failures != 0 {
					t.Errorf("not recovered: %+v", s.e.Status())
				}
				s.mustTell(EventCreated, EventRefreshFailed, EventRecovered)
			})
		})
	}
}

func TestReplacedKeyIsTold(t *testing.T) {
	withEpochs(t, "2026-11-15T00:00:00Z", EveryMonth, func(t *testing.T, s *epochStage) {
		s.begin()
		first := s.mustHold("2026-11")
		s.f.putV2(pseudonymData+"2026-11", 2, `{"key":"`+strings.ToUpper(someKey)+`"}`, "")
		sleep(DefaultEpochRefresh)
		if second := s.mustHold("2026-11"); second == first || second.Secret.Equal(first.Secret) {
			t.Error("what Vault has is not used")
		}
		s.mustTell(EventCreated, EventRotated)
	})
}

func TestClockSetBackToAnEpochThatHadAKey(t *testing.T) {
	withEpochs(t, "2027-01-10T00:00:00Z", EveryMonth, func(t *testing.T, s *epochStage) {
		s.f.putV2(pseudonymData+"2026-12", 1, `{"key":"`+someKey+`"}`, "")
		s.begin()
		s.mustHold("2027-01")
		s.setClock("2026-12-31T12:00:00Z")
		s.mustFindItself()
		s.mustHold("2026-12")
		s.setClock("2027-01-01T00:00:00Z")
		s.mustHold("2027-01")
		s.mustHaveWritten("2027-01")
	})
}

func TestClockSetBackToAnEpochThatHadNone(t *testing.T) {
	withEpochs(t, "2027-01-10T00:00:00Z", EveryMonth, func(t *testing.T, s *epochStage) {
		s.begin()
		first := s.mustHold("2027-01")
		s.setClock("2026-11-20T00:00:00Z")
		for range 3 {
			s.mustFail(ErrNotReady)
			sleep(time.Hour)
		}
		s.mustHaveWritten("2027-01")
		if st := s.e.Status(); st.Current.Epoch != "2026-11" || st.Current.Error != "not_found" {
			t.Errorf("status: %+v", st)
		}
		s.setClock("2027-01-10T00:00:00Z")
		s.mustFindItself()
		if key := s.mustHold("2027-01"); !key.equal(first) {
			t.Error("the epoch has got another key")
		}
		s.mustHaveWritten("2027-01")
	})
}

func TestClockSetForwardMakesTheKeyAtTheFirstRequest(t *testing.T) {
	withEpochs(t, "2026-11-15T00:00:00Z", EveryMonth, func(t *testing.T, s *epochStage) {
		s.begin()
		s.setClock("2027-03-15T00:00:00Z")
		s.mustFindItself()
		s.mustHold("2027-03")
		s.mustHaveWritten("2026-11", "2027-03")
	})
}

// TestStepOverTheTurnAndBack is what a time server does to a clock that is fast.
func TestStepOverTheTurnAndBack(t *testing.T) {
	withEpochs(t, "2026-12-31T23:59:00Z", EveryMonth, func(t *testing.T, s *epochStage) {
		s.begin()
		first := s.mustHold("2026-12")
		s.until("2027-01-01T00:00:01Z")
		second := s.mustHold("2027-01")
		s.setClock("2026-12-31T23:59:59Z")
		if s.mustHold("2026-12") != first {
			t.Error("the step back has changed the key")
		}
		sleep(time.Second)
		if s.mustHold("2027-01") != second {
			t.Error("the step back has changed the next key")
		}
		sleep(2 * DefaultEpochRefresh)
		s.setClock("2026-12-31T23:59:59Z")
		s.mustFindItself()
		if key := s.mustHold("2026-12"); !key.equal(first) {
			t.Error("the step back has changed the key")
		}
		sleep(time.Second)
		if s.mustHold("2027-01") != second {
			t.Error("the step back has changed the next key")
		}
		s.mustHaveWritten("2026-12", "2027-01")
	})
}

func TestLoadOfEpochsReturnsWhatWaitingDoesNotMend(t *testing.T) {
	for name, c := range map[string]struct {
		fail func(*fakeVault)
		want error
	}{
		"denied":        {func(f *fakeVault) { f.denied["PUT "+pseudonymData+"2026-12"] = true }, ErrDenied},
		"login":         {func(f *fakeVault) { f.statuses["auth/"] = 400 }, ErrLogin},
		"invalid":       {func(f *fakeVault) { f.mounts["secret/"] = "1" }, ErrInvalid},
		"unavailable":   {func(f *fakeVault) { f.statuses[""] = 503 }, nil},
		"stuck":         {func(f *fakeVault) { f.slow = time.Hour }, nil},
		"only the next": {func(f *fakeVault) { f.denied["PUT "+pseudonymData+"2027-01"] = true }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			withEpochs(t, "2026-12-31T12:00:00Z", EveryMonth, func(t *testing.T, s *epochStage) {
				c.fail(s.f)
				begun := time.Now()
				if err := s.e.Load(t.Context()); !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if took := time.Since(begun); took > 2*DefaultFetchTimeout {
					t.Errorf("Load took %s", took)
				}
				if name == "only the next" {
					s.mustHold("2026-12")
					s.mustTell(EventCreated, EventRefreshFailed)
					return
				}
				s.mustFail(ErrNotReady)
			})
		})
	}
}

func TestEpochsEndTheirWaitsWhenTheyAreClosed(t *testing.T) {
	withEpochs(t, "2026-11-15T00:00:00Z", EveryMonth, func(t *testing.T, s *epochStage) {
		s.begin()
		s.vault("stuck")
		sleep(DefaultEpochRefresh + time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		if err := s.e.Load(ctx); err != nil || time.Since(begun) != time.Second {
			t.Errorf("Load took %s: %v", time.Since(begun), err)
		}
		begun = time.Now()
		s.e.Close()
		s.e.Close()
		if took := time.Since(begun); took != 0 {
			t.Errorf("Close took %s", took)
		}
		s.mustHold("2026-11")
		if err := s.e.Load(t.Context()); err == nil {
			t.Error("what is closed loads")
		}
		s.mustTell(EventCreated)
	})
}

func TestEpochsWaitLongerAfterEachFailure(t *testing.T) {
	for jitter, want := range map[float64]time.Duration{0: 270 * time.Second, 0.5: 300 * time.Second, 1: 330 * time.Second} {
		withEpochs(t, "2026-11-15T00:00:00Z", EveryMonth, func(t *testing.T, s *epochStage) {
			s.cfg.jitter = func() float64 { return jitter }
			s.e = s.another()
			defer s.e.Close()
			s.begin()
			if got := s.e.Status().NextRefresh.Sub(s.now()); got != want {
				t.Errorf("jitter %v: next refresh after %s, want %s", jitter, got, want)
			}
		})
	}
	withEpochs(t, "2026-11-15T00:00:00Z", EveryMonth, func(t *testing.T, s *epochStage) {
		s.f.statuses["secret/"] = 503
		var mu sync.Mutex
		var at []time.Time
		s.f.gate = func(call string) {
			if call == "GET "+pseudonymData+"2026-11" {
				mu.Lock()
				defer mu.Unlock()
				at = append(at, time.Now())
			}
		}
		s.e.Start() // without Load
		sleep(3 * time.Minute)
		var waits []time.Duration
		for i := 1; i < len(at); i++ {
			waits = append(waits, at[i].Sub(at[i-1])/time.Second)
		}
		if want := []time.Duration{1, 2, 4, 8, 16, 30, 30, 30, 30}; !slices.Equal(waits, want) {
			t.Errorf("waits in seconds: %v", waits)
		}
	})
}

func TestEpochsInheritWhileVaultIsAway(t *testing.T) {
	withEpochs(t, "2026-12-31T12:00:00Z", EveryMonth, func(t *testing.T, s *epochStage) {
		s.begin()
		key := s.mustHold("2026-12")
		s.vault("down")
		heir := s.another()
		defer heir.Close()
		if err := heir.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		weekly := s.cfg
		weekly.Every = EveryWeek
		stranger, err := NewEpochs(weekly)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range []*Epochs{heir, stranger} {
			e.Inherit(s.e)
		}
		if got, err := heir.Current(); got != key {
			t.Errorf("nothing is inherited: %v", err)
		}
		if _, err := stranger.Current(); !errors.Is(err, ErrNotReady) {
			t.Errorf("the key of another kind of epoch is inherited: %v", err)
		}
		heir.Start()
		s.setClock("2026-12-31T23:00:00Z")
		s.until("2027-01-01T00:00:00Z")
		if got, err := heir.Current(); err != nil || got.Name != "2027-01" {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestEpochsRefuseWhatMakesNoSense(t *testing.T) {
	s := openSession(t, newFakeVault())
	good := EpochsConfig{Session: s, Path: "secret/" + pseudonyms}
	for name, change := range map[string]func(*EpochsConfig){
		"no session":       func(c *EpochsConfig) { c.Session = nil },
		"no path":          func(c *EpochsConfig) { c.Path = "" },
		"a mount alone":    func(c *EpochsConfig) { c.Path = "secret" },
		"unknown epoch":    func(c *EpochsConfig) { c.Every = "year" },
		"negative refresh": func(c *EpochsConfig) { c.Refresh = -1 },
		"rare refresh":     func(c *EpochsConfig) { c.Refresh = maxEpochRefresh + 1 },
		"negative timeout": func(c *EpochsConfig) { c.FetchTimeout = -1 },
	} {
		cfg := good
		change(&cfg)
		if _, err := NewEpochs(cfg); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	e, err := NewEpochs(good)
	if err != nil || e.cfg.Every != EveryMonth || e.cfg.Refresh != DefaultEpochRefresh {
		t.Errorf("defaults: %+v, %v", e.cfg, err)
	}
}

// TestCurrentEpochKeyCostsNothing is about the path of a request, while others
// change what it reads.
func TestCurrentEpochKeyCostsNothing(t *testing.T) {
	e, err := NewEpochs(EpochsConfig{Session: openSession(t, newFakeVault()), Path: "secret/" + pseudonyms})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	current := func() { _, _ = e.Current() }
	for _, state := range []string{"without a key", "with a key"} {
		if n := testing.AllocsPerRun(100, current); n != 0 {
			t.Errorf("%s: %v allocations", state, n)
		}
		if err := e.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	e.Start()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				if _, err := e.Current(); err != nil {
					t.Error(err)
				}
				_ = e.Status()
				_ = e.Load(t.Context())
			}
		})
	}
	wg.Wait()
}

func TestEpochKeyShowsItselfNowhere(t *testing.T) {
	withEpochs(t, "2026-12-31T12:00:00Z", EveryMonth, func(t *testing.T, s *epochStage) {
		s.begin()
		key := s.mustHold("2026-12")
		encoded, err := json.Marshal(map[string]any{"key": key, "status": s.e.Status()})
		if err != nil {
			t.Fatal(err)
		}
		shown := fmt.Sprintf("%s %v %+v %#v %+v %s", key, key, *key, key, s.told.list, encoded)
		raw := []byte(key.Secret.Reveal())
		for _, form := range []string{string(raw), fmt.Sprintf("%x", raw), fmt.Sprintf("%d", raw), base64.StdEncoding.EncodeToString(raw)} {
			if strings.Contains(strings.ToLower(shown), strings.ToLower(form)) {
				t.Error("the key is shown")
			}
		}
	})
}
