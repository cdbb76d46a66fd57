// Package report counts what an audit log holds and shows it to a person: a
// review of a month, as a page that needs nothing but itself, as CSV or as JSON.
//
// [Build] reads records once and keeps counts only, at most Options.MaxNames of
// each kind. All days and hours are those of UTC.
package report
