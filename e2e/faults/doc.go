// Package faults breaks what stands around Ringward, and Ringward itself, while
// callers keep asking the real binary, and looks at what they got, at what was
// audited, at the keys that the provider was shown, and at what is left of it
// afterwards.
//
// Each test is a group of faults that share one Ringward. They assert the
// promises and not the figures; `go test ./e2e/faults -update` writes those
// into docs/faults.md. -phase makes every phase longer.
package faults
