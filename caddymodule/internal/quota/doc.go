// Package quota counts requests and says when a limit is reached.
//
//   - A [Limiter] holds the rules of one route: so many requests in a sliding
//     window, by address, caller, number and so on.
//   - [Budgets] hold what a day or month may cost.
//   - A [Backoff] locks out who fails again and again.
//   - A [Gate] bounds what is under way at one time.
//
// The counters of limits and budgets live in a store that all routes share and
// that outlives a config reload, so that reloading resets no limit: [Store] in
// the memory of one process, or [RedisStore] for all replicas.
//
// # Sliding windows
//
// A rule of L requests in a period W counts in fixed windows of length W that
// start at multiples of W since the Unix epoch. At a moment when the fraction f
// of the current window is over, the requests in the last W are taken to be
//
//	current + previous * (1-f)
//
// with the second term rounded to the nearest whole number. A request passes
// where that is at most L. The errors against an exact log of all requests:
//
//   - Too many: any span s up to W sees at most L*(1 + s/W) + 1/2 requests. So a
//     burst sees L, at a window's edge too, where fixed windows let 2*L pass; and
//     a burst of L followed by a steady flow comes to no more than a token
//     bucket with L tokens and L/W more a second lets pass. In the long run no
//     more than L pass in each W.
//   - Too few: a client that used all of L at the start of a window gets it back
//     bit by bit in the following one, where an exact log gives it back at once.
//
// Replicas that share a store go by their own clocks: clocks that are d apart
// widen s by d.
//
// # Refused requests
//
// A refused request counts nowhere: what it added is given back at once, in
// every rule it was counted in together. Waiting as told by Retry-After is
// therefore enough, whatever the client tried in the meantime; repeated
// failures are for a [Backoff]. Between being added and being given back, a
// refused request may crowd out another one, so a limit is never exceeded but
// may be reached a moment early when batches of different sizes compete.
//
// Counting fails closed: a request that cannot be counted is an error, and the
// caller refuses it, unless the store was told otherwise.
package quota
