package caddymodule

import "testing"

// keyOf remembers the keys of callers that tests make by name.
var keyOf = make(map[string]string)

// sumOf makes a caller key, remembers it under the name and returns its digest.
func sumOf(t *testing.T, name string) string {
	t.Helper()
	key, sum := newCaller(t)
	keyOf[name] = key
	return sum
}
