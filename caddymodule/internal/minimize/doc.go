// Package minimize lets through what a caller may see of a provider's JSON
// answer, and nothing else.
//
// A Plan is compiled once for an operation and a release. Apply reads an
// answer strictly and in one pass: it classifies the answer by the provider's
// rules and builds the projection beside it. The projection is handed out only
// when the whole body was read without a fault and its verdict is Answer.
//
// # What is released
//
// Fields are JSON pointers to scalars; "*" stands for every element of an
// array or every member of an object. A string, number, boolean or null at the
// end of a released pointer is copied. An object or array there is dropped: a
// provider that suddenly sends more gets nothing through. Names are compared
// exactly, after unescaping, by case.
//
// Where several fields describe the same scalar, every one of their classes
// must be released. A field of class provider.Never blocks its value and
// everything below it, whatever else matches. Fields of class
// provider.Envelope are always released.
//
// Objects and arrays on the way to a released field are kept, even if empty,
// so that clients find the shape they know. What else the answer holds is
// read, checked and forgotten.
//
// # How it is written
//
// Members keep the provider's order. Numbers are copied digit by digit.
// Strings and names have exactly one spelling (RFC 8785: only quotes,
// backslashes and control characters are escaped), so that text in the
// projection can be searched for literally.
package minimize
