package credential

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/hashicorp/vault/api/auth/approle"
	"github.com/hashicorp/vault/api/auth/kubernetes"
)

// maxTokenFile bounds a file with a token, in bytes. Service account tokens with
// many audiences reach a few thousand.
const maxTokenFile = 32 << 10

// login is one way to get a token.
type login interface {
	// login asks for a token. The client holds none.
	login(ctx context.Context, client *api.Client) (*api.Secret, error)

	// repeatable reports whether a second login can give another token.
	repeatable() bool
}

// newLogin returns the method of a validated config.
func newLogin(a AuthConfig) login {
	switch a.Method {
	case MethodToken:
		return &tokenLogin{token: a.Token}
	case MethodTokenFile:
		return &tokenFileLogin{path: a.TokenFile}
	case MethodAppRole:
		return &appRoleLogin{auth: a}
	case MethodCert:
		return &certLogin{auth: a}
	default: // kubernetes and jwt
		return &jwtLogin{auth: a}
	}
}

// tokenLogin uses a token that was made elsewhere.
type tokenLogin struct{ token Secret }

func (l *tokenLogin) repeatable() bool { return false }

func (l *tokenLogin) login(ctx context.Context, client *api.Client) (*api.Secret, error) {
	return describeToken(ctx, client, l.token)
}

// tokenFileLogin uses the token in a file that Vault Agent keeps up to date.
type tokenFileLogin struct{ path string }

func (l *tokenFileLogin) repeatable() bool { return false }

// read reads the file. A file that is not there yet is worth waiting for: the
// agent may start later than we do.
func (l *tokenFileLogin) read() (Secret, error) {
	token, err := readTokenFile(l.path)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrEmpty) {
		return Secret{}, fmt.Errorf("the Vault token file %s is missing or empty: is Vault Agent running and is this its sink: %w",
			l.path, ErrUnavailable)
	}
	if err != nil {
		return Secret{}, loginFileError("the Vault token", err)
	}
	return token, nil
}

func (l *tokenFileLogin) login(ctx context.Context, client *api.Client) (*api.Secret, error) {
	token, err := l.read()
	if err != nil {
		return nil, err
	}
	return describeToken(ctx, client, token)
}

// describeToken asks Vault how long a token lives, so that it can be renewed. A
// token that may not ask is used without renewal; one that Vault does not know is
// found out by the first read.
func describeToken(ctx context.Context, client *api.Client, token Secret) (*api.Secret, error) {
	text := token.Reveal()
	client.SetToken(text)
	answer, err := client.Auth().Token().LookupSelfWithContext(ctx)
	if err != nil && !isForbidden(err) {
		return nil, vaultError(ctx, err)
	}
	auth := &api.SecretAuth{ClientToken: text}
	if err == nil {
		ttl, _ := answer.TokenTTL()
		auth.Renewable, _ = answer.TokenIsRenewable()
		auth.LeaseDuration = int(ttl / time.Second)
	}
	return &api.Secret{Auth: auth}, nil
}

// jwtLogin logs in with a token of another issuer: the kubernetes and the jwt
// method, which differ in Vault only.
type jwtLogin struct{ auth AuthConfig }

func (l *jwtLogin) repeatable() bool { return true }

func (l *jwtLogin) login(ctx context.Context, client *api.Client) (*api.Secret, error) {
	token, err := readTokenFile(l.auth.JWTFile)
	if err != nil {
		return nil, loginFileError("the token for auth method "+l.auth.Method, err)
	}
	if l.auth.Method == MethodKubernetes {
		method, err := kubernetes.NewKubernetesAuth(l.auth.Role,
			kubernetes.WithServiceAccountToken(token.Reveal()), kubernetes.WithMountPath(l.auth.Mount))
		if err != nil {
			return nil, loginError(ctx, l.auth, err)
		}
		secret, err := method.Login(ctx, client)
		return secret, loginError(ctx, l.auth, err)
	}
	body := map[string]any{"jwt": token.Reveal()}
	if l.auth.Role != "" {
		body["role"] = l.auth.Role
	}
	return writeLogin(ctx, client, l.auth, body)
}

// certLogin logs in with the client certificate of the connection.
type certLogin struct{ auth AuthConfig }

func (l *certLogin) repeatable() bool { return true }

func (l *certLogin) login(ctx context.Context, client *api.Client) (*api.Secret, error) {
	body := map[string]any{}
	if l.auth.Role != "" {
		body["name"] = l.auth.Role
	}
	return writeLogin(ctx, client, l.auth, body)
}

func writeLogin(ctx context.Context, client *api.Client, a AuthConfig, body map[string]any) (*api.Secret, error) {
	secret, err := client.Logical().WriteWithContext(ctx, "auth/"+a.Mount+"/login", body)
	return secret, loginError(ctx, a, err)
}

// appRoleLogin logs in with a role id and a secret id. Logins never overlap (the
// session shares them), so its memory of the unwrapped secret id needs no lock.
type appRoleLogin struct {
	auth      AuthConfig
	wrapping  Secret // the wrapping token that secretID came out of
	unwrapped Secret
}

func (l *appRoleLogin) repeatable() bool { return true }

func (l *appRoleLogin) login(ctx context.Context, client *api.Client) (*api.Secret, error) {
	roleID := l.auth.RoleID
	if l.auth.RoleIDFile != "" {
		id, err := readTokenFile(l.auth.RoleIDFile)
		if err != nil {
			return nil, loginFileError("the role id", err)
		}
		roleID = id.Reveal()
	}
	secretID, err := l.secretID(ctx, client)
	if err != nil {
		return nil, err
	}
	method, err := approle.NewAppRoleAuth(roleID, &approle.SecretID{FromString: secretID.Reveal()},
		approle.WithMountPath(l.auth.Mount))
	if err != nil {
		return nil, loginError(ctx, l.auth, err)
	}
	secret, err := method.Login(ctx, client)
	return secret, loginError(ctx, l.auth, err)
}

// secretID reads the secret id and unwraps it if it is wrapped.
func (l *appRoleLogin) secretID(ctx context.Context, client *api.Client) (Secret, error) {
	text, err := l.presented()
	if err != nil || !l.auth.SecretIDWrapped {
		return text, err
	}
	return l.unwrap(ctx, client, text)
}

// presented reads the secret id, or the wrapping token in its place.
func (l *appRoleLogin) presented() (Secret, error) {
	switch {
	case l.auth.SecretIDFile != "":
		id, err := readTokenFile(l.auth.SecretIDFile)
		if err != nil {
			return Secret{}, loginFileError("the secret id", err)
		}
		return id, nil
	case l.auth.SecretIDEnv != "":
		id := SecretFromString(os.Getenv(l.auth.SecretIDEnv))
		if err := id.Check(); err != nil {
			return Secret{}, fmt.Errorf("the secret id in environment variable %s %w: %w", l.auth.SecretIDEnv, err, ErrLogin)
		}
		return id, nil
	default:
		return l.auth.SecretID, nil
	}
}

// unwrap takes the secret id out of a wrapping token, which works once. A second
// login with the same token uses what the first one found.
func (l *appRoleLogin) unwrap(ctx context.Context, client *api.Client, wrapping Secret) (Secret, error) {
	if !l.unwrapped.Empty() && l.wrapping.Equal(wrapping) {
		return l.unwrapped, nil
	}
	answer, err := client.Logical().UnwrapWithContext(ctx, wrapping.Reveal())
	client.ClearToken()
	if err != nil {
		if class := vaultError(ctx, err); errors.Is(class, ErrUnavailable) {
			return Secret{}, class
		}
		return Secret{}, fmt.Errorf("the wrapping token of the secret id is used up, ended or not valid: "+
			"put a new one in its place, and find out who used this one: %w", ErrLogin)
	}
	var text string
	if answer != nil {
		text, _ = answer.Data["secret_id"].(string)
	}
	if text == "" {
		return Secret{}, fmt.Errorf("the wrapping token does not wrap a secret id: %w", ErrLogin)
	}
	l.wrapping, l.unwrapped = wrapping, SecretFromString(text)
	return l.unwrapped, nil
}

// readTokenFile reads a token or id. Such files often end in a line feed.
func readTokenFile(path string) (Secret, error) {
	text, _, err := readSmallFile(path, maxTokenFile)
	defer clear(text)
	if err != nil {
		return Secret{}, err
	}
	if n := len(text); n > 0 && text[n-1] == '\n' {
		text = text[:n-1]
	}
	if len(text) == 0 {
		return Secret{}, fmt.Errorf("file %s %w", path, ErrEmpty)
	}
	for _, c := range text {
		if c <= ' ' || c > '~' {
			return Secret{}, fmt.Errorf("file %s holds more than one word or something that is not ASCII: %w", path, ErrInvalid)
		}
	}
	return NewSecret(text), nil
}

// loginFileError keeps the text and not the kind of an error about a file: what
// is missing is not the secret that was asked for.
func loginFileError(what string, err error) error {
	return fmt.Errorf("reading %s: %w: %w", what, err, ErrLogin)
}
