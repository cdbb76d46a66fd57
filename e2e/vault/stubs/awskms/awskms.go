// Package awskms stands in for the AWS KMS seal. See ../README.md.
package awskms

import (
	"context"
	"errors"

	wrapping "github.com/hashicorp/go-kms-wrapping/v2"

	"github.com/hashicorp/go-hclog"
)

// Names of environment variables that Vault looks at.
const (
	EnvAwsKmsWrapperKeyId   = "AWSKMS_WRAPPER_KEY_ID"
	EnvVaultAwsKmsSealKeyId = "VAULT_AWSKMS_SEAL_KEY_ID"
)

// errStub says that this seal is not linked into the test server.
var errStub = errors.New("the AWS KMS seal is not linked in")

// Wrapper refuses its configuration, the first thing that Vault asks of it.
// The embedded interface is nil: nothing else is ever called.
type Wrapper struct{ wrapping.Wrapper }

// NewWrapper returns a wrapper that cannot be configured.
func NewWrapper() *Wrapper { return &Wrapper{} }

// SetConfig always fails.
func (*Wrapper) SetConfig(context.Context, ...wrapping.Option) (*wrapping.WrapperConfig, error) {
	return nil, errStub
}

// WithDisallowEnvVars is accepted and ignored.
func WithDisallowEnvVars(bool) wrapping.Option { return ignored }

// WithLogger is accepted and ignored. Vault passes it to its Shamir seal too,
// which ignores the original as well.
func WithLogger(hclog.Logger) wrapping.Option { return ignored }

func ignored() any {
	return wrapping.OptionFunc(func(*wrapping.Options) error { return nil })
}
