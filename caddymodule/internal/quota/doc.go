// Package quota counts requests and says when a limit is reached.
//
// A [Limiter] holds the rules of one route. Its counters live in a store that
// all routes share and that outlives a config reload, so that reloading resets
// no limit. The windows are fixed: a window starts with the first request that
// is counted in it.
//
// Counting fails closed: a request that cannot be counted is an error, and the
// caller refuses it.
package quota
