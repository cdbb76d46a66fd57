// Package leakhunt sends random hostile traffic at the real binary, with every
// preset, at DEBUG level, while providers misbehave, keys rotate and configs
// are reloaded; and looks for keys and numbers in every byte that comes out.
//
// All secrets and numbers are canaries. What callers got, logs, metrics, what
// the admin API shows, the audit log, traces, and what the process prints when
// it is made to crash are searched for them in all forms. -for makes the hunt
// longer, and -seed repeats one as far as times allow.
package leakhunt
