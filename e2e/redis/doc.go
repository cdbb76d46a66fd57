// Package redis starts real Redis servers for tests: single ones, with TLS and
// users, behind Sentinels, and as a Cluster. It needs redis-server in the PATH
// and skips the test without it.
package redis
