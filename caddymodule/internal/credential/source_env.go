package credential

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// EnvSource reads secrets from environment variables, one variable a field. The
// environment of a process is fixed at its start, so a new value needs a restart;
// every library in the process and every child can read it. Prefer Vault or a
// file.
type EnvSource struct {
	fields []Location
	lookup func(string) (string, bool)
	now    func() time.Time
}

// NewEnvSource makes a source of the given variables. It does not read them.
func NewEnvSource(fields ...Location) (*EnvSource, error) {
	if err := checkLocations(fields, "environment variable"); err != nil {
		return nil, err
	}
	return &EnvSource{fields: fields, lookup: os.LookupEnv, now: time.Now}, nil
}

// Fetch reads the variables. A variable that is not set is ErrNotFound: it never
// stands for an empty or a literal key.
func (s *EnvSource) Fetch(context.Context) (*Value, error) {
	fields := make([]Field, 0, len(s.fields))
	for _, f := range s.fields {
		text, set := s.lookup(f.At)
		if !set {
			return nil, fmt.Errorf("environment variable %s is not set: %w", f.At, ErrNotFound)
		}
		secret := SecretFromString(text)
		if err := secret.checkField(); err != nil {
			return nil, fmt.Errorf("environment variable %s %w", f.At, err)
		}
		fields = append(fields, Field{Name: f.Field, Secret: secret})
	}
	return NewValue(fields, 0, time.Time{}, s.now())
}

// Describe names the variables.
func (s *EnvSource) Describe() string { return "environment " + joinLocations(s.fields) }

func checkLocations(fields []Location, what string) error {
	if len(fields) == 0 {
		return fmt.Errorf("no %s is named: %w", what, ErrInvalid)
	}
	for i, f := range fields {
		if err := checkName(f.Field); err != nil {
			return err
		}
		if f.At == "" || strings.ContainsAny(f.At, "\x00\n\r") {
			return fmt.Errorf("field %q names no usable %s: %w", f.Field, what, ErrInvalid)
		}
		for _, earlier := range fields[:i] {
			if earlier.Field == f.Field {
				return fmt.Errorf("field %q is named twice: %w", f.Field, ErrInvalid)
			}
		}
	}
	return nil
}

func joinLocations(fields []Location) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.At
	}
	return strings.Join(names, ", ")
}

// Interface guard
var _ Source = (*EnvSource)(nil)
