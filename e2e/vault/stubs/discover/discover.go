// Package discover stands in for go-discover, which raft auto-join uses. See
// ../README.md.
package discover

import (
	"errors"
	"log"
)

var errStub = errors.New("auto-join is not linked in")

// Provider is the original's interface.
type Provider interface {
	Addrs(args map[string]string, l *log.Logger) ([]string, error)
	Help() string
}

// Providers is empty: nothing can be discovered.
var Providers = map[string]Provider{}

// Config is a parsed auto-join description; there is none.
type Config map[string]string

// String is empty.
func (Config) String() string { return "" }

// Parse always fails.
func Parse(string) (Config, error) { return nil, errStub }

// Discover finds nothing.
type Discover struct{}

// Option configures nothing.
type Option func(*Discover) error

// New succeeds: Vault makes a Discover before it knows whether it needs one.
func New(...Option) (*Discover, error) { return &Discover{}, nil }

// WithProviders is accepted and ignored.
func WithProviders(map[string]Provider) Option { return nil }

// Addrs always fails.
func (*Discover) Addrs(string, *log.Logger) ([]string, error) { return nil, errStub }
