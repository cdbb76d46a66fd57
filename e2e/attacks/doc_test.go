// Package attacks is a gallery: each file tries one way of getting at the
// provider's key, at data that is not released, or at lookups that somebody
// else pays, and each names where the way was published, if it was.
//
// All of them meet one running Ringward, the real program, over real sockets.
// It has the limits that Caddyfile.example sets, its log at DEBUG level, and
// providers that answer honestly (the stand-in) or as an attack wants (the
// villain). An attack that works fails its test. One that is known to work and
// is accepted, with the reason in SECURITY.md, is marked with knownHole: its test
// fails once it no longer works, so that the list of limits stays true.
//
// When all attacks are over, TestMain searches everything that Ringward wrote
// for the keys and numbers that were in them.
package attacks
