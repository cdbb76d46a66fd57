//go:build race

package harness

// RaceDetector says that the tests run under the race detector. The binaries
// are then built with it too, so that it watches them as well, and so that the
// build cache of `go test -race ./...` serves them.
const RaceDetector = true
