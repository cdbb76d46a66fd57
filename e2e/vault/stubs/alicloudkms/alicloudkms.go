// Package alicloudkms stands in for the AliCloud KMS seal. See ../README.md.
package alicloudkms

import (
	"context"
	"errors"

	wrapping "github.com/hashicorp/go-kms-wrapping/v2"
)

// Names of environment variables that Vault looks at.
const (
	EnvAliCloudKmsWrapperKeyId   = "ALICLOUDKMS_WRAPPER_KEY_ID"
	EnvVaultAliCloudKmsSealKeyId = "VAULT_ALICLOUDKMS_SEAL_KEY_ID"
)

// errStub says that this seal is not linked into the test server.
var errStub = errors.New("the AliCloud KMS seal is not linked in")

// Wrapper refuses its configuration, the first thing that Vault asks of it.
// The embedded interface is nil: nothing else is ever called.
type Wrapper struct{ wrapping.Wrapper }

// NewWrapper returns a wrapper that cannot be configured.
func NewWrapper() *Wrapper { return &Wrapper{} }

// SetConfig always fails.
func (*Wrapper) SetConfig(context.Context, ...wrapping.Option) (*wrapping.WrapperConfig, error) {
	return nil, errStub
}
