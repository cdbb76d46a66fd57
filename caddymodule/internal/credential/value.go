package credential

import (
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Value is what a source holds at one moment: one or several named secrets. A
// Value is never changed after it was made, so any number of requests may hold
// it while a newer one takes its place.
type Value struct {
	// Fields holds at least one field, in the order of the reference.
	Fields []Field

	// Version is the source's version number; 0 where it has none.
	Version int

	// Created is when this version was written; zero where that is unknown.
	Created time.Time

	// FetchedAt is when this value was first fetched.
	FetchedAt time.Time

	renderings *Renderings
	tokens     []tokenUse // that a Placer showed in place of the fields
}

// Field is one named secret.
type Field struct {
	Name   string
	Secret Secret
}

// NewValue checks the fields and makes a value of them. It also computes what is
// needed to find the secrets in an answer, so that no request has to.
func NewValue(fields []Field, version int, created, fetchedAt time.Time) (*Value, error) {
	if len(fields) == 0 {
		return nil, ErrEmpty
	}
	secrets := make([]Secret, 0, len(fields))
	for i, field := range fields {
		if err := checkName(field.Name); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(fields[:i], func(f Field) bool { return f.Name == field.Name }) {
			return nil, fmt.Errorf("field %q is named twice: %w", field.Name, ErrInvalid)
		}
		if err := field.Secret.checkField(); err != nil {
			return nil, fmt.Errorf("field %q %w", field.Name, err)
		}
		secrets = append(secrets, field.Secret)
	}
	return &Value{
		Fields:     slices.Clone(fields),
		Version:    version,
		Created:    created,
		FetchedAt:  fetchedAt,
		renderings: NewRenderings(secrets...),
	}, nil
}

// Field returns the secret of the named field.
func (v *Value) Field(name string) (Secret, bool) {
	for _, field := range v.Fields {
		if field.Name == name {
			return field.Secret, true
		}
	}
	return Secret{}, false
}

// with returns a value of the same fields with one more token that was made of
// them, which Renderings finds too.
func (v *Value) with(use tokenUse) *Value {
	shown := *v
	shown.renderings = v.renderings.and(use.token.value.renderings)
	shown.tokens = append(slices.Clip(v.tokens), use)
	return &shown
}

// Renderings returns what finds the secrets of this value in an answer.
func (v *Value) Renderings() *Renderings { return v.renderings }

// Equal reports whether two values hold the same version of the same secrets.
// The secrets are compared in constant time.
func (v *Value) Equal(other *Value) bool {
	if v == nil || other == nil {
		return v == other
	}
	if v.Version != other.Version || len(v.Fields) != len(other.Fields) {
		return false
	}
	same := true
	for i, field := range v.Fields {
		if field.Name != other.Fields[i].Name || !field.Secret.Equal(other.Fields[i].Secret) {
			same = false
		}
	}
	return same
}

// String names the version and no secret.
func (v *Value) String() string {
	if v == nil {
		return "no value"
	}
	return fmt.Sprintf("value of version %d, %d field(s)", v.Version, len(v.Fields))
}

// LogValue names the version and no secret.
func (v *Value) LogValue() slog.Value { return slog.StringValue(v.String()) }
