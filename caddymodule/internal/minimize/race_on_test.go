//go:build race

package minimize

const raceEnabled = true
