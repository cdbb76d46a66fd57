// Package vault stands in for the stackdriver sink's knowledge of Vault's
// metrics. See ../../README.md.
package vault

import "github.com/armon/go-metrics"

// Extractor leaves the key as it is.
func Extractor(key []string, _ string) ([]string, []metrics.Label, error) { return key, nil, nil }

// Bucketer has no buckets.
func Bucketer([]string) []float64 { return nil }
