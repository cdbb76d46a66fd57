// Package audit records each exchange, durably, before its answer leaves.
//
// An [Entry] is an allow-list of fields; none of them can hold a phone number,
// a caller's key or a credential. A [Pseudonymizer] turns numbers into the
// pseudonyms that entries hold. A [Log] appends entries to a file or a stream
// and answers only once they are safe.
package audit
