// Package harness runs Ringward and what stands around it as processes, and
// talks to them from outside, for the tests in e2e/. It sees nothing of
// Ringward's inside: it imports no package of it.
//
// Whatever waits here waits for something that can be watched, and no longer
// than a deadline. Every process that a test starts ends with the test, and on
// Linux with the test binary however that ends.
package harness
