package credential

import (
	"context"
	"time"
)

// token is something short-lived that was made of a source value and is shown in
// its place. It is never changed.
type token struct {
	value   *Value    // with the token's text as its only field
	minted  time.Time // when the making began
	renew   time.Time // from when on the next one is made, while this one serves
	expires time.Time
}

// newToken makes a token that begins to be renewed some time before its end.
func newToken(text string, minted time.Time, life, early time.Duration) (*token, error) {
	value, err := NewValue([]Field{{Name: "token", Secret: SecretFromString(text)}}, 0, minted, minted)
	if err != nil {
		return nil, err
	}
	expires := minted.Add(life)
	return &token{value: value, minted: minted, renew: expires.Add(-early), expires: expires}, nil
}

// mint makes a token of the fields it was prepared for.
type mint func(ctx context.Context) (*token, error)

// minter prepares fields of a source value for minting, and checks them.
type minter func(fields []Field) (mint, error)

// tokenUse is a token as one request shows it.
type tokenUse struct {
	token *token
	fresh bool // the request waited for it
	entry *tokenEntry
}

// dropped drops a token that was refused, and reports whether another one may
// fare better.
func (u tokenUse) dropped() bool { return u.entry.drop(u.token) && !u.fresh }
