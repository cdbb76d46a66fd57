package credential

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAddressOfVaultMustBePrivate(t *testing.T) {
	for _, c := range []struct {
		address string
		ok      bool
	}{
		{"https://vault.example:8200", true},
		{"https://vault.example/", true},
		{"http://127.0.0.1:8200", true},
		{"http://127.9.9.9:8200", true},
		{"http://[::1]:8200", true},
		{"http://localhost:8200", true},
		{"unix:///run/vault/agent.sock", true},
		{"http://vault.example:8200", false},
		{"http://10.0.0.1:8200", false},
		{"http://[fe80::1]:8200", false},
		{"http://0.0.0.0:8200", false},
		{"http://localhost.example:8200", false},
		{"http://127.0.0.1.example:8200", false},
		{"https://user:hunter2@vault.example:8200", false},
		{"https://vault.example:8200/v1/secret", false},
		{"https://vault.example:8200/?x=hunter2", false},
		{"unix://relative.sock", false},
		{"ftp://vault.example", false},
		{"vault.example:8200", false},
		{"https://", false},
		{"https://vault.example:hunter2", false},
	} {
		_, err := parseAddress(c.address)
		if (err == nil) != c.ok || (err != nil && !errors.Is(err, ErrInvalid)) {
			t.Errorf("%s: %v", c.address, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error repeats the address", c.address)
		}
	}
}

// conn is a connection to a given address.
type conn struct {
	net.Conn
	to net.Addr
}

func (c conn) RemoteAddr() net.Addr { return c.to }

func TestPlainConnectionsStayOnTheMachine(t *testing.T) {
	for _, c := range []struct {
		to   net.Addr
		want bool
	}{
		{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, true},
		{&net.TCPAddr{IP: net.IPv6loopback}, true},
		{&net.UnixAddr{Name: "/run/agent.sock"}, true},
		{&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}, false}, // "localhost" in a forged hosts file
		{&net.IPAddr{IP: net.IPv4(127, 0, 0, 1)}, false},
	} {
		if isLoopbackConn(conn{to: c.to}) != c.want {
			t.Errorf("%s %s: want %v", c.to.Network(), c.to, c.want)
		}
	}
}

func TestSkipVerifyIsRefused(t *testing.T) {
	cleanEnvironment(t)
	cfg := SessionConfig{Auth: AuthConfig{Method: MethodToken, Token: SecretFromString("hvs.x")}}
	for value, ok := range map[string]bool{"": true, "0": true, "false": true, "1": false, "true": false, "yes": false} {
		t.Setenv("VAULT_SKIP_VERIFY", value)
		_, err := NewSession(cfg)
		if (err == nil) != ok {
			t.Errorf("%q: %v", value, err)
		}
		if err != nil && !strings.Contains(err.Error(), "VAULT_SKIP_VERIFY") {
			t.Errorf("the error does not name the variable: %v", err)
		}
	}
}

func TestEnvironmentIsTheDefaultBelowTheConfig(t *testing.T) {
	cleanEnvironment(t)
	for name, value := range map[string]string{
		"VAULT_ADDR": "https://env.example:1", "VAULT_NAMESPACE": "env-ns", "VAULT_CACERT": "/env/ca", "VAULT_CAPATH": "/env/cas",
		"VAULT_CLIENT_CERT": "/env/cert", "VAULT_CLIENT_KEY": "/env/key", "VAULT_TLS_SERVER_NAME": "env-name",
		"VAULT_TOKEN": "env-token", "VAULT_HTTP_PROXY": "http://proxy1.example", "VAULT_PROXY_ADDR": "http://proxy2.example",
	} {
		t.Setenv(name, value)
	}
	got, err := SessionConfig{}.withEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	if got.Address != "https://env.example:1" || got.Namespace != "env-ns" || got.CAFile != "/env/ca" || got.CAPath != "/env/cas" ||
		got.ClientCertFile != "/env/cert" || got.ClientKeyFile != "/env/key" || got.TLSServerName != "env-name" ||
		got.Proxy != "http://proxy2.example" || got.Auth.Method != MethodToken || got.Auth.Token.Reveal() != "env-token" {
		t.Errorf("the environment is not taken: %+v", got)
	}
	got, err = SessionConfig{
		Address: "https://own.example", Namespace: "own", CAPath: "/own/cas", ClientCertFile: "/own/cert", TLSServerName: "own",
		Proxy: "http://own.example", Auth: AuthConfig{Method: MethodCert},
	}.withEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	if got.Address != "https://own.example" || got.Namespace != "own" || got.CAFile != "" || got.CAPath != "/own/cas" ||
		got.ClientCertFile != "/own/cert" || got.ClientKeyFile != "" || got.TLSServerName != "own" ||
		got.Proxy != "http://own.example" || !got.Auth.Token.Empty() {
		t.Errorf("the environment overrides the config: %+v", got)
	}
	t.Setenv("VAULT_AGENT_ADDR", "unix:///run/agent.sock")
	if got, _ = (SessionConfig{}).withEnvironment(); got.Address != "unix:///run/agent.sock" {
		t.Errorf("the agent's address is not taken: %s", got.Address)
	}
}

func TestIncompleteLoginsAreRefused(t *testing.T) {
	cleanEnvironment(t)
	secret := SecretFromString("x")
	for name, a := range map[string]AuthConfig{
		"nothing":                   {},
		"unknown method":            {Method: "ldap"},
		"token without token":       {Method: MethodToken},
		"token with newline":        {Method: MethodToken, Token: SecretFromString("x\n")},
		"token_file without file":   {Method: MethodTokenFile},
		"approle without role id":   {Method: MethodAppRole, SecretIDFile: "/x"},
		"approle, two role ids":     {Method: MethodAppRole, RoleID: "r", RoleIDFile: "/r", SecretIDFile: "/x"},
		"approle without secret id": {Method: MethodAppRole, RoleID: "r"},
		"approle, two secret ids":   {Method: MethodAppRole, RoleID: "r", SecretIDFile: "/x", SecretID: secret},
		"kubernetes without role":   {Method: MethodKubernetes},
		"jwt without file":          {Method: MethodJWT, Role: "r"},
		"cert without certificate":  {Method: MethodCert},
		"mount with dots":           {Method: MethodKubernetes, Role: "r", Mount: "../sys"},
	} {
		s, err := NewSession(SessionConfig{Auth: a})
		if err == nil || s != nil || (!errors.Is(err, ErrInvalid) && !errors.Is(err, ErrEmpty)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnusableTLSFilesAreRefused(t *testing.T) {
	cleanEnvironment(t)
	dir := t.TempDir()
	junk := write(t, dir, "junk.pem", "-----BEGIN JUNK "+sample, 0o600)
	empty := t.TempDir()
	token := AuthConfig{Method: MethodToken, Token: SecretFromString("x")}
	for name, cfg := range map[string]SessionConfig{
		"missing authority":     {CAFile: filepath.Join(dir, "none")},
		"junk authority":        {CAFile: junk},
		"junk in directory":     {CAPath: dir},
		"empty directory":       {CAPath: empty},
		"missing directory":     {CAPath: filepath.Join(dir, "none")},
		"certificate only":      {ClientCertFile: junk},
		"key only":              {ClientKeyFile: junk},
		"junk certificate":      {ClientCertFile: junk, ClientKeyFile: junk},
		"proxy without scheme":  {Proxy: "proxy.example:3128"},
		"proxy of another kind": {Proxy: "socks5://proxy.example"},
		"namespace with dots":   {Namespace: "../x"},
		"namespace with break":  {Namespace: "a\nb"},
	} {
		cfg.Auth = token
		if _, err := NewSession(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		} else {
			mustNotHold(t, name, err.Error())
		}
	}
	t.Setenv("VAULT_CACERT_BYTES", "junk")
	if _, err := NewSession(SessionConfig{Auth: token}); !errors.Is(err, ErrInvalid) {
		t.Errorf("junk in VAULT_CACERT_BYTES: %v", err)
	}
}

func TestBrokenEnvironmentIsReportedWithoutItsContent(t *testing.T) {
	cleanEnvironment(t)
	t.Setenv("VAULT_HEADERS", `{"X-Key": "`+sample)
	_, err := NewSession(SessionConfig{Auth: AuthConfig{Method: MethodToken, Token: SecretFromString("x")}})
	if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "VAULT_HEADERS") {
		t.Fatalf("%v", err)
	}
	mustNotHold(t, "the error", err.Error())
	if os.Getenv("VAULT_HEADERS") == "" {
		t.Error("the environment was changed")
	}
}
