// Package demo holds stand-ins for the two outside parts that Ringward needs:
// a Vault with the provider's credential in it, and a phone API that speaks a
// provider's documented protocol. `ringward demo` and the tests run against
// them, in one process, offline.
//
// The stand-ins are honest second opinions: they are written from the
// documentation of Vault and of the providers, and share no data with the
// rooms they are used to test. They answer from memory and from the numbering
// plan data of libphonenumber only.
//
// Nothing in here is fit to hold real secrets: the Vault forgets everything at
// exit, and the provider writes every credential it receives into its record.
package demo
