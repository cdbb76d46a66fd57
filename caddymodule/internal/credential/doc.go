// Package credential holds the secrets that providers ask for: where they come
// from, how they are kept fresh, and how one is put on an outbound request.
//
// The parts, from the source to the request:
//
//   - A [Source] fetches a [Value] (one or several named secrets with their
//     version). The real one is [VaultSource], over one [Session] that all
//     sources of a config share. [FileSource] and [EnvSource] are the others.
//   - A [Keeper] holds the current value of one source in memory and refreshes
//     it in the background, so that the request path does no I/O.
//   - [Epochs] holds the pseudonym key of each epoch in the same manner, and makes
//     it in Vault where it is missing. [EpochKeys] is the operator's way to them.
//   - A [Placer] sets the value, or a token or a signature made with it, on a
//     request that nobody else sees, and [Renderings] finds the secret again in
//     what comes back.
//   - [Session.Diagnose] and its kin say, for a person, what a source would meet
//     and whether the token may do more than it must.
//
// A [Secret] hides itself from every formatter and encoder. No error, event or
// status of this package holds a secret, a token or an answer of Vault, but for
// the mount and the environment mark that an answer names; a diagnosis also has
// Vault's version, the names of policies and words for capabilities. Paths,
// mounts, field names and file names are not secret.
package credential
