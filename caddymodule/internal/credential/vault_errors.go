package credential

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"

	"github.com/hashicorp/vault/api"
)

// errRefused is a 403 that another login does not help against.
var errRefused = fmt.Errorf("the Vault server refuses the token: its policy may not allow this path, or it has ended: %w", ErrDenied)

// isForbidden reports a 403 of Vault, which stands for an unknown token as well as
// for a policy that does not allow the path.
func isForbidden(err error) bool {
	var answer *api.ResponseError
	return errors.As(err, &answer) && answer.StatusCode == http.StatusForbidden
}

// vaultError replaces an error of vault/api, whose text quotes URLs and answers,
// with one of this package. Every word in it comes from here.
func vaultError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var answer *api.ResponseError
	if !errors.As(err, &answer) {
		return fmt.Errorf("the Vault server cannot be asked (%s): %w", cause(ctx, err), ErrUnavailable)
	}
	switch code := answer.StatusCode; code {
	case http.StatusForbidden:
		return errRefused
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusBadRequest, http.StatusMethodNotAllowed:
		return fmt.Errorf("the Vault server finds fault with the request (status %d): check the path, its mount and kv: %w", code, ErrInvalid)
	case http.StatusServiceUnavailable:
		return fmt.Errorf("the Vault server is sealed or not ready (status %d): unseal it: %w", code, ErrUnavailable)
	default:
		return fmt.Errorf("the Vault server answers with status %d: %w", code, ErrUnavailable)
	}
}

// loginError is vaultError for a login: a refusal is ErrLogin.
func loginError(ctx context.Context, a AuthConfig, err error) error {
	if err == nil {
		return nil
	}
	class := vaultError(ctx, err)
	if errors.Is(class, ErrUnavailable) {
		return class
	}
	status := 0
	if answer, ok := errors.AsType[*api.ResponseError](err); ok {
		status = answer.StatusCode
	}
	return fmt.Errorf("the Vault server refuses the login by method %s at mount %q (status %d): check the mount, the role and what is presented to it: %w",
		a.Method, a.Mount, status, ErrLogin)
}

// cause says in a few words of our own why a request got no answer.
func cause(ctx context.Context, err error) string {
	var (
		unknownCA  x509.UnknownAuthorityError
		wrongName  x509.HostnameError
		expired    x509.CertificateInvalidError
		notTLS     tls.RecordHeaderError
		dnsError   *net.DNSError
		timeout    net.Error
		isUnknown  = errors.As(err, &unknownCA)
		isDeadline = errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout())
	)
	switch {
	case errors.Is(err, errRedirect):
		return "it redirects to an address that is not allowed"
	case errors.Is(err, errTooLarge):
		return "its answer is too large"
	case isUnknown:
		return "its certificate is not signed by a trusted authority: name the authority with ca (ca_file in JSON)"
	case errors.As(err, &wrongName):
		return "its certificate is for another name: set tls_server_name or correct the address"
	case errors.As(err, &expired):
		return "its certificate is not valid now or not for servers"
	case errors.As(err, &notTLS), errors.Is(err, http.ErrSchemeMismatch):
		return "it does not speak TLS at this address"
	case errors.As(err, &dnsError):
		return "its host name is not found"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ENOENT):
		return "its socket does not exist"
	case isDeadline:
		return "timeout"
	case ctx.Err() != nil || errors.Is(err, context.Canceled):
		return "canceled"
	default:
		return "no usable answer"
	}
}
