package caddymodule

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/alert"
	"github.com/ringward/ringward/caddymodule/internal/credential"
)

// refetchTimeout bounds how long a request whose credential was refused waits
// for the source to be asked again.
const refetchTimeout = 2 * time.Second

// firstChoice is the credential to try first: the current one, or, while the
// provider refuses that and the one before may still be good, the one before.
func (t *Transport) firstChoice() (*credential.Value, error) {
	current, err := t.keeper.Current()
	if err != nil {
		return nil, err
	}
	if _, cooling := t.keeper.Cooling(); cooling {
		if previous := t.previous(); previous != nil {
			return previous, nil
		}
	}
	return current, nil
}

// previous is the version before the current one, during its grace time and
// while the provider has not refused it too.
func (t *Transport) previous() *credential.Value {
	previous := t.keeper.Previous()
	if previous == nil || previous == t.spent.Load() {
		return nil
	}
	return previous
}

// nextChoice is the credential to try after the last of those that were tried
// was refused, or nil. A newer version comes first: the source is asked for it
// at once. Where there is none, the version before serves during its grace
// time, because a provider may take up a new key late.
func (t *Transport) nextChoice(ctx context.Context, tried []*credential.Value) *credential.Value {
	refused := tried[len(tried)-1]
	if refused == t.keeper.Previous() {
		t.spent.Store(refused)
	}
	ctx, cancel := context.WithTimeout(ctx, refetchTimeout)
	defer cancel()
	newest, err := t.keeper.RefetchAfterRejection(ctx, refused)
	if err == nil && !slices.Contains(tried, newest) {
		return newest
	}
	previous := t.previous()
	if previous == nil || slices.Contains(tried, previous) {
		return nil
	}
	hub().Emit(alert.Event{Name: alert.CredentialPreviousUsed, Attributes: map[string]string{
		alert.AttrProvider: t.provider.Name,
		alert.AttrVersion:  strconv.Itoa(previous.Version),
	}})
	return previous
}
