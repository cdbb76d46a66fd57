// Package audit records each exchange, durably, before its answer leaves.
//
// An [Entry] is an allow-list of fields; none of them can hold a phone number,
// a caller's key or a credential. A [Pseudonymizer] turns numbers into the
// pseudonyms that entries hold. A [Log] appends entries to a file or a stream
// and answers only once they are safe. A [NetWriter] makes a receiver over the
// network, or a syslog daemon, such a stream. A [Pair] writes to two logs, of
// which one must succeed.
//
// The lines of a log are a chain: each holds its number and the hash of the line
// before it, over all files of the log. Checkpoints among them are signed, in the
// form of golang.org/x/mod/sumdb/note. [Verify] tells whether all lines are what
// and where they were, and [Lines] reads them in order.
//
// Segments are deleted as a whole when they are old, and tombstones say so. What a
// crash or a full disk tore is never taken away: the start line after it admits
// how many bytes it is, and holds their hash.
package audit
