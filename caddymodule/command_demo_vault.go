package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/ringward/ringward/caddymodule/internal/demo"
	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// demoVault takes the demo's secrets.
type demoVault interface {
	put(path string, data map[string]string) error
}

// startVault starts a Vault in memory, or uses the one that was named.
func (s *demoStage) startVault() error {
	if s.options.vault != "" {
		return s.useVault()
	}
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "VAULT_") {
			_ = os.Unsetenv(name) // meant for a Vault that this demo does not use
		}
	}
	memory := demo.NewVault()
	server, err := demo.Serve(memory, demo.ServeOptions{})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, server)
	s.Vault, s.TokenFile = server.URL(), filepath.Join(s.Dir, "vault-token")
	if err := os.WriteFile(s.TokenFile, []byte(memory.RootToken()), 0o600); err != nil {
		return err
	}
	return s.putSecrets(memoryVault{memory})
}

// useVault writes the demo's secrets to a running Vault.
func (s *demoStage) useVault() error {
	u, err := url.Parse(s.options.vault)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return errors.New("--vault: give an address such as https://127.0.0.1:8200")
	}
	if os.Getenv(api.EnvVaultToken) == "" {
		return errors.New("--vault needs a token that may write secret/ringward-demo/*: set VAULT_TOKEN")
	}
	config := api.DefaultConfig()
	if config.Error != nil {
		return fmt.Errorf("reading VAULT_* variables: %w", config.Error)
	}
	config.Address, config.MaxRetries, config.Timeout = s.options.vault, 0, 10*time.Second
	client, err := api.NewClient(config)
	if err != nil {
		return fmt.Errorf("--vault: %w", err)
	}
	s.Vault = s.options.vault
	return s.putSecrets(runningVault{client})
}

func (s *demoStage) putSecrets(v demoVault) error {
	for _, r := range s.Routes {
		if err := v.put(r.Path, r.Secrets); err != nil {
			return err
		}
	}
	return v.put("secret/ringward-demo/audit", map[string]string{"pseudonym_key": randomText() + randomText()})
}

type memoryVault struct{ *demo.Vault }

func (v memoryVault) put(path string, data map[string]string) error {
	v.Put(path, data)
	return nil
}

type runningVault struct{ *api.Client }

func (v runningVault) put(path string, data map[string]string) error {
	values := make(map[string]any, len(data))
	for name, text := range data {
		values[name] = text
	}
	mount, rest, _ := strings.Cut(path, "/")
	_, err := v.KVv2(mount).Put(context.Background(), rest, values)
	if err == nil {
		return nil
	}
	// The error's text can hold the answer's body: only its status is shown.
	if answer := (*api.ResponseError)(nil); errors.As(err, &answer) {
		return fmt.Errorf("--vault: writing %s failed with status %d: the token must be allowed to write it, and secret/ must be a KV version 2 mount", path, answer.StatusCode)
	}
	return fmt.Errorf("--vault: %s cannot be reached", v.Address())
}

func joinClasses() string {
	var words []string
	for _, c := range provider.Classes() {
		words = append(words, string(c))
	}
	return strings.Join(words, " ")
}
