package credential

import (
	"context"
	"errors"
)

// Why a value could not be had. Errors of this package wrap exactly one of
// these; their texts name what was asked for and what to change.
var (
	// ErrNotFound: there is nothing at the path, or the variable is not set.
	ErrNotFound = errors.New("not found")

	// ErrDeleted: the newest version of the secret is deleted or destroyed.
	ErrDeleted = errors.New("deleted")

	// ErrFieldMissing: the secret is there, the named field is not.
	ErrFieldMissing = errors.New("field missing")

	// ErrEmpty: the field, file or variable is empty.
	ErrEmpty = errors.New("is empty")

	// ErrInvalid: the reference or the value cannot be used as it is.
	ErrInvalid = errors.New("invalid")

	// ErrDenied: Vault's policy or the file's permissions do not allow the read.
	ErrDenied = errors.New("permission denied")

	// ErrUnavailable: the source cannot be asked now (network, timeout, sealed
	// Vault, server error). Only this one is worth waiting for.
	ErrUnavailable = errors.New("unavailable")

	// ErrLogin: Vault refuses the login.
	ErrLogin = errors.New("login refused")

	// ErrEnvironment: the secret is marked for another environment.
	ErrEnvironment = errors.New("wrong environment")
)

// Why a Keeper has no value to give.
var (
	// ErrNotReady: nothing has been fetched yet.
	ErrNotReady = errors.New("credential not ready")

	// ErrStale: the last good fetch is longer ago than MaxStale.
	ErrStale = errors.New("credential stale")
)

// ErrRefused: a token endpoint does not accept the credential, as a provider
// refuses one.
var ErrRefused = errors.New("credential refused")

// ErrPlacement: a value cannot be placed as the provider's placement says.
var ErrPlacement = errors.New("credential cannot be placed")

// errClosed is returned by what was closed.
var errClosed = errors.New("closed")

// classes maps errors to the short texts that metrics and status use. The order
// matters only where an error wraps two of them.
var classes = []struct {
	err  error
	name string
}{
	{ErrUnavailable, "unavailable"},
	{ErrLogin, "login"},
	{ErrDenied, "denied"},
	{ErrNotFound, "not_found"},
	{ErrDeleted, "deleted"},
	{ErrFieldMissing, "field_missing"},
	{ErrEmpty, "empty"},
	{ErrEnvironment, "environment"},
	{ErrInvalid, "invalid"},
	{ErrNotReady, "not_ready"},
	{ErrStale, "stale"},
	{ErrRefused, "refused"},
	{ErrPlacement, "placement"},
	{context.DeadlineExceeded, "unavailable"},
	{context.Canceled, "canceled"},
}

// Class names the kind of an error in one word for metrics, events and health;
// "" for nil and "error" for an error of no known kind.
func Class(err error) string {
	if err == nil {
		return ""
	}
	for _, c := range classes {
		if errors.Is(err, c.err) {
			return c.name
		}
	}
	return "error"
}
