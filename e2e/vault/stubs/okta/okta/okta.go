// Package okta stands in for the SDK that Vault's Okta MFA uses. See
// ../../README.md.
package okta

import (
	"context"
	"errors"
)

var errStub = errors.New("okta MFA is not linked in")

// Configuration configures nothing.
type Configuration struct{ Context context.Context }

// ConfigSetter sets nothing.
type ConfigSetter func(*Configuration)

// NewConfiguration always fails, so nothing below is ever called.
func NewConfiguration(...ConfigSetter) (*Configuration, error) { return nil, errStub }

// WithToken is accepted and ignored.
func WithToken(string) ConfigSetter { return nil }

// WithOrgUrl is accepted and ignored.
func WithOrgUrl(string) ConfigSetter { return nil }

// WithCache is accepted and ignored.
func WithCache(bool) ConfigSetter { return nil }

// APIClient has the two services that Vault names.
type APIClient struct {
	UserAPI       UserAPI
	UserFactorAPI UserFactorAPI
}

// NewAPIClient returns a client whose every request fails.
func NewAPIClient(*Configuration) *APIClient { return &APIClient{} }

// GetConfig returns an empty configuration.
func (*APIClient) GetConfig() *Configuration { return &Configuration{Context: context.Background()} }

// Request is a request that fails with a result of type T.
type Request[T any] struct{}

// Filter is accepted and ignored.
func (r Request[T]) Filter(string) Request[T] { return r }

// Execute always fails.
func (Request[T]) Execute() (result T, response any, err error) { return result, nil, errStub }

// UserAPI looks up users.
type UserAPI struct{}

// User is an account.
type User struct{}

// GetId is empty.
func (User) GetId() string { return "" }

// ListUsers returns a request that fails.
func (UserAPI) ListUsers(context.Context) Request[[]User] { return Request[[]User]{} }

// UserFactorAPI asks for second factors.
type UserFactorAPI struct{}

// UserFactorPush is a push factor.
type UserFactorPush struct{}

// GetId is empty.
func (*UserFactorPush) GetId() string { return "" }

// Factor is one of a user's factors.
type Factor struct{ UserFactorPush *UserFactorPush }

// Verification is the state of a factor that was asked for.
type Verification struct{ Links map[string]any }

// GetFactorResult is empty.
func (*Verification) GetFactorResult() string { return "" }

// Transaction is the outcome of a push.
type Transaction struct {
	UserFactorPushTransaction         *struct{}
	UserFactorPushTransactionRejected *struct{}
	UserFactorPushTransactionTimeout  *struct{}
	UserFactorPushTransactionWaiting  *struct{}
}

// ListFactors returns a request that fails.
func (UserFactorAPI) ListFactors(context.Context, string) Request[[]Factor] {
	return Request[[]Factor]{}
}

// VerifyFactor returns a request that fails.
func (UserFactorAPI) VerifyFactor(context.Context, string, string) Request[*Verification] {
	return Request[*Verification]{}
}

// GetFactorTransactionStatus returns a request that fails.
func (UserFactorAPI) GetFactorTransactionStatus(context.Context, string, string, string) Request[*Transaction] {
	return Request[*Transaction]{}
}
