// Package caddymodule is Ringward as a Caddy module, and the only package that
// imports Caddy.
//
// # The walk of one request
//
// Two doors stand on the way of a lookup, with Caddy's reverse_proxy between
// them. The front door ([Edge], http.handlers.ringward) decides whether this
// caller may look up this number now. The vault door ([Transport],
// http.reverse_proxy.transport.ringward) adds the provider's credential, asks
// the provider, and reduces the answer to what the caller may see. One value,
// the exchange, is made at the front door, travels in the context, is filled on
// the way, and becomes the audit entry.
//
// Front door: transport security and browser check; limit by IP; caller
// authentication; operation allow-list; input check; number policy; limits by
// caller and number; the request for the provider, built from checked values.
//
// Vault door: credential placed on a request of its own; round trip over TLS
// 1.2 or later; classification; projection; search for echoes of the credential.
//
// Front door again: the audit entry is made durable, then the answer leaves.
//
// # What holds at every line
//
//   - Between the doors no message carries a number, a key or an answer: Caddy's
//     reverse_proxy sees a request with the operation's path template and gets
//     back an empty response. The real ones are in the exchange, which is
//     neither logged nor reachable by placeholders.
//   - What leaves is written by the front door alone, from the exchange. An
//     answer that did not come through the projection does not exist.
//   - Every error is answered at the front door, which returns nil: Caddy's
//     error log would hold the URL.
//   - Whatever is missing or not understood is an error, never a bypass.
package caddymodule
