package credential

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/hashicorp/vault/api"
)

// The ways to log in to Vault.
const (
	MethodToken      = "token"      // a token that somebody else made
	MethodTokenFile  = "token_file" // a token that Vault Agent keeps in a file
	MethodAppRole    = "approle"
	MethodKubernetes = "kubernetes" // a service account
	MethodJWT        = "jwt"        // any token of an issuer that Vault trusts
	MethodCert       = "cert"       // the TLS client certificate
)

// defaultServiceAccountToken is where Kubernetes projects the token of a pod's
// service account.
const defaultServiceAccountToken = "/var/run/secrets/kubernetes.io/serviceaccount/token"

// SessionConfig says how to reach Vault and how to log in. Fields that are empty
// take the value of the VAULT_* variable that the vault command reads for the
// same purpose. VAULT_SKIP_VERIFY is refused. VAULT_CLIENT_TIMEOUT,
// VAULT_MAX_RETRIES, VAULT_RATE_LIMIT, VAULT_WRAP_TTL and VAULT_SRV_LOOKUP are
// ignored: this package bounds and repeats requests itself.
type SessionConfig struct {
	// Address is Vault's URL: https, or http to a loopback address, or
	// unix:///path for the socket of a Vault Agent or Proxy. Default:
	// VAULT_AGENT_ADDR, then VAULT_ADDR, then https://127.0.0.1:8200.
	Address string `json:"address,omitempty"`

	// Namespace is the Vault Enterprise namespace. Default: VAULT_NAMESPACE.
	Namespace string `json:"namespace,omitempty"`

	// CAFile is a PEM file with the only certificate authorities to trust for
	// Vault. Default: VAULT_CACERT, then VAULT_CACERT_BYTES, then CAPath, then
	// the system's authorities.
	CAFile string `json:"ca_file,omitempty"`

	// CAPath is a directory of such files. CAFile takes precedence. Default:
	// VAULT_CAPATH.
	CAPath string `json:"ca_path,omitempty"`

	// ClientCertFile and ClientKeyFile hold the TLS client certificate. They
	// are read again at each connection, so that they may be renewed in place.
	// Default: VAULT_CLIENT_CERT and VAULT_CLIENT_KEY.
	ClientCertFile string `json:"client_cert_file,omitempty"`
	ClientKeyFile  string `json:"client_key_file,omitempty"`

	// TLSServerName is the name that Vault's certificate must be for, where it
	// is not the address's host. Default: VAULT_TLS_SERVER_NAME.
	TLSServerName string `json:"tls_server_name,omitempty"`

	// Proxy is the URL of an HTTP proxy on the way to an https address; it sees
	// the encrypted stream only. Default: VAULT_PROXY_ADDR, then
	// VAULT_HTTP_PROXY. HTTP_PROXY and HTTPS_PROXY are not for Vault.
	Proxy string `json:"proxy,omitempty"`

	// Auth says how to log in.
	Auth AuthConfig `json:"auth,omitzero"`

	caPEM []byte // VAULT_CACERT_BYTES
}

// AuthConfig says how to log in.
type AuthConfig struct {
	// Method is one of token, token_file, approle, kubernetes, jwt and cert.
	// Default: token if VAULT_TOKEN is set, else an error.
	Method string `json:"method,omitempty"`

	// Mount is the path at which the auth method is enabled. Default: the name
	// of the method. Not for token and token_file.
	Mount string `json:"mount,omitempty"`

	// Role is the role to log in as; required for kubernetes. For jwt and cert
	// an empty role means Vault's default.
	Role string `json:"role,omitempty"`

	// RoleID or the content of RoleIDFile is AppRole's role id, which is not
	// secret.
	RoleID     string `json:"role_id,omitempty"`
	RoleIDFile string `json:"role_id_file,omitempty"`

	// SecretIDFile or SecretIDEnv (the name of a variable) holds AppRole's
	// secret id. Both are read again at each login.
	SecretIDFile string `json:"secret_id_file,omitempty"`
	SecretIDEnv  string `json:"secret_id_env,omitempty"`

	// SecretIDWrapped says that what is held is a response-wrapping token for
	// the secret id. It can be unwrapped only once: the secret id is then kept
	// in memory, and a new token is unwrapped when it takes the old one's place.
	SecretIDWrapped bool `json:"secret_id_wrapped,omitempty"`

	// TokenFile holds the Vault token for token_file. It is read again before
	// each request, so that a new token is used at once.
	TokenFile string `json:"token_file,omitempty"`

	// JWTFile holds the token for jwt and kubernetes; it is read again at each
	// login. Default for kubernetes:
	// /var/run/secrets/kubernetes.io/serviceaccount/token.
	JWTFile string `json:"jwt_file,omitempty"`

	// Token and SecretID are for programs; they cannot come from a config.
	// Default of Token: VAULT_TOKEN.
	Token    Secret `json:"-"`
	SecretID Secret `json:"-"`
}

// withEnvironment fills what is empty from the VAULT_* variables.
func (c SessionConfig) withEnvironment() (SessionConfig, error) {
	if err := refuseSkipVerify(); err != nil {
		return c, err
	}
	setDefault(&c.Address, api.EnvVaultAgentAddr, api.EnvVaultAddress)
	if c.Address == "" {
		c.Address = api.DefaultAddress
	}
	setDefault(&c.Namespace, api.EnvVaultNamespace)
	if c.CAFile == "" && c.CAPath == "" {
		setDefault(&c.CAFile, api.EnvVaultCACert)
		c.caPEM = []byte(os.Getenv(api.EnvVaultCACertBytes))
		setDefault(&c.CAPath, api.EnvVaultCAPath)
	}
	if c.ClientCertFile == "" && c.ClientKeyFile == "" {
		setDefault(&c.ClientCertFile, api.EnvVaultClientCert)
		setDefault(&c.ClientKeyFile, api.EnvVaultClientKey)
	}
	setDefault(&c.TLSServerName, api.EnvVaultTLSServerName)
	setDefault(&c.Proxy, api.EnvVaultProxyAddr, api.EnvHTTPProxy)
	c.Auth = c.Auth.withEnvironment()
	return c, nil
}

// setDefault sets an empty field to the first of the variables that is set.
func setDefault(field *string, variables ...string) {
	for _, name := range variables {
		if *field == "" {
			*field = os.Getenv(name)
		}
	}
}

// refuseSkipVerify refuses VAULT_SKIP_VERIFY: whoever sits on the way could read
// every key. It is an error rather than ignored, because somebody relies on it.
func refuseSkipVerify() error {
	text := os.Getenv(api.EnvVaultSkipVerify)
	if off, err := strconv.ParseBool(text); text == "" || (err == nil && !off) {
		return nil
	}
	return fmt.Errorf("%s is set, but Vault's certificate is always checked: unset it and name the authority with ca_file or %s: %w",
		api.EnvVaultSkipVerify, api.EnvVaultCACert, ErrInvalid)
}

func (a AuthConfig) withEnvironment() AuthConfig {
	if a.Token.Empty() && (a.Method == MethodToken || a.Method == "") {
		a.Token = SecretFromString(os.Getenv(api.EnvVaultToken))
	}
	if a.Method == "" && !a.Token.Empty() {
		a.Method = MethodToken
	}
	if a.Mount == "" {
		a.Mount = a.Method
	}
	if a.JWTFile == "" && a.Method == MethodKubernetes {
		a.JWTFile = defaultServiceAccountToken
	}
	a.Mount = strings.Trim(a.Mount, "/")
	return a
}

// validate checks that everything the method needs is there.
func (a AuthConfig) validate(clientCert bool) error {
	switch a.Method {
	case MethodToken:
		if err := a.Token.Check(); err != nil {
			return fmt.Errorf("the Vault token (%s) %w", api.EnvVaultToken, err)
		}
	case MethodTokenFile:
		return require(a.Method, "token_file", a.TokenFile != "")
	case MethodAppRole:
		if err := a.validateAppRole(); err != nil {
			return err
		}
	case MethodKubernetes:
		if err := require(a.Method, "role", a.Role != ""); err != nil {
			return err
		}
	case MethodJWT:
		if err := require(a.Method, "jwt_file", a.JWTFile != ""); err != nil {
			return err
		}
	case MethodCert:
		if err := require(a.Method, "client_cert_file and client_key_file", clientCert); err != nil {
			return err
		}
	case "":
		return fmt.Errorf("no auth method for Vault: name one of token, token_file, approle, kubernetes, jwt and cert, or set %s: %w",
			api.EnvVaultToken, ErrInvalid)
	default:
		return fmt.Errorf("auth method %q is not known: use token, token_file, approle, kubernetes, jwt or cert: %w",
			a.Method, ErrInvalid)
	}
	if err := checkPath(a.Mount); err != nil {
		return fmt.Errorf("auth mount %q %w", a.Mount, err)
	}
	return nil
}

func (a AuthConfig) validateAppRole() error {
	if err := require(a.Method, "exactly one of role_id and role_id_file", (a.RoleID != "") != (a.RoleIDFile != "")); err != nil {
		return err
	}
	sources := 0
	for _, set := range []bool{a.SecretIDFile != "", a.SecretIDEnv != "", !a.SecretID.Empty()} {
		if set {
			sources++
		}
	}
	return require(a.Method, "exactly one of secret_id_file and secret_id_env", sources == 1)
}

func require(method, what string, ok bool) error {
	if ok {
		return nil
	}
	return fmt.Errorf("auth method %s needs %s: %w", method, what, ErrInvalid)
}
