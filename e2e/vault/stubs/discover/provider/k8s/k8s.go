// Package k8s stands in for go-discover's Kubernetes provider. See
// ../../../README.md.
package k8s

import (
	"errors"
	"log"
)

// Provider finds nothing.
type Provider struct{}

// Addrs always fails.
func (*Provider) Addrs(map[string]string, *log.Logger) ([]string, error) {
	return nil, errors.New("auto-join is not linked in")
}

// Help is empty.
func (*Provider) Help() string { return "" }
