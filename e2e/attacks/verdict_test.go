package attacks

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// knownHole is for an attack that works today: worked says how it went. Either it
// is accepted, for a reason that stands in SECURITY.md too, or it is to be closed.
// The test fails when the attack no longer works, so that it is turned into one
// that says so, and the limit goes from SECURITY.md.
func knownHole(t *testing.T, reason string, worked bool) {
	t.Helper()
	if !worked {
		t.Errorf("the attack no longer works, so assert that it fails: %s", reason)
	}
}

// calls counts the requests that reached any provider but the idle one.
func (a *arena) calls() int { return a.Standin.Calls(a.t, a.Provider) + a.villain.calls() }

// unpaid fails the test when an attack makes a provider be asked.
func (a *arena) unpaid(attack func()) {
	a.t.Helper()
	a.paid(0, attack)
}

// paid fails the test when an attack makes another number of calls.
func (a *arena) paid(want int, attack func()) {
	a.t.Helper()
	before := a.calls()
	attack()
	if got := a.calls() - before; got != want {
		a.t.Errorf("the providers were asked %d times, want %d", got, want)
	}
}

// refused fails the test unless an answer has one of the statuses and holds
// nothing that is at stake.
func (a *arena) refused(name string, got harness.Reply, statuses ...int) {
	a.t.Helper()
	if !slices.Contains(statuses, got.Status) {
		a.t.Errorf("%s: got %d %.200q, want one of %v", name, got.Status, got.Body, statuses)
	}
	a.tellsNothing(name, fmt.Sprint(got.Header, got.Body))
}

// keepsSecrets fails the test when a secret is in a text, in whatever form.
func (a *arena) keepsSecrets(name, text string) {
	a.t.Helper()
	evidence := harness.Evidence{name: text}
	for what, secret := range a.secrets() {
		evidence.Search(a.t, what, secret)
	}
}

// tellsNothing is keepsSecrets for what must not hold numbers either.
func (a *arena) tellsNothing(name, text string) {
	a.t.Helper()
	a.keepsSecrets(name, text)
	evidence := harness.Evidence{name: text}
	evidence.SearchNumber(a.t, harness.Number)
	evidence.SearchNumber(a.t, harness.OtherNumber)
}
