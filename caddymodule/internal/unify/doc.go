// Package unify writes answers of all providers in one form.
//
// It reads what the projection (package minimize) has left of an answer, so
// that nothing can get into a unified answer that the caller may not see.
// Which member of the provider's answer becomes which unified field is data:
// provider.Operation.Unified.
package unify
