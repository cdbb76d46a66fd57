//go:build race

package phone

// raceEnabled makes the longest tests take samples.
const raceEnabled = true
