package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/vault/api"
)

// prepareLimit bounds the set-up; it takes about a second.
const prepareLimit = 60 * time.Second

// prepare initialises and unseals the server behind listener and mounts what
// every test needs, all through the HTTP API that the tests will use.
func prepare(ctx context.Context, listener *boundListener, auditFile string) (*ready, error) {
	ctx, cancel := context.WithTimeout(ctx, prepareLimit)
	defer cancel()
	client, err := newClient(listener)
	if err != nil {
		return nil, err
	}
	state, err := initialise(ctx, client)
	if err != nil {
		return nil, err
	}
	client.SetToken(state.RootToken)
	if err := mountSecrets(ctx, client); err != nil {
		return nil, err
	}
	if auditFile != "" {
		if err := enableAudit(ctx, client, auditFile); err != nil {
			return nil, err
		}
	}
	state.Address = listener.url
	state.CAFile = listener.caFile
	return state, nil
}

// newClient makes a client that trusts the listener's CA and holds no token.
func newClient(listener *boundListener) (*api.Client, error) {
	config := api.DefaultConfig()
	if config.Error != nil {
		return nil, fmt.Errorf("making the client: %w", config.Error)
	}
	config.Address = listener.url
	if listener.caPEM != nil {
		if err := config.ConfigureTLS(&api.TLSConfig{CACertBytes: listener.caPEM}); err != nil {
			return nil, fmt.Errorf("trusting the CA: %w", err)
		}
	}
	client, err := api.NewClient(config)
	if err != nil {
		return nil, fmt.Errorf("making the client: %w", err)
	}
	return client, nil
}

// initialise makes one key share and unseals with it.
func initialise(ctx context.Context, client *api.Client) (*ready, error) {
	answer, err := client.Sys().InitWithContext(ctx, &api.InitRequest{SecretShares: 1, SecretThreshold: 1})
	if err != nil {
		return nil, fmt.Errorf("initialising: %w", err)
	}
	if len(answer.KeysB64) != 1 {
		return nil, fmt.Errorf("initialising: %d key shares instead of one", len(answer.KeysB64))
	}
	status, err := client.Sys().UnsealWithContext(ctx, answer.KeysB64[0])
	if err != nil {
		return nil, fmt.Errorf("unsealing: %w", err)
	}
	if status.Sealed {
		return nil, errors.New("unsealing: still sealed")
	}
	return &ready{RootToken: answer.RootToken, UnsealKey: answer.KeysB64[0]}, nil
}

// mountSecrets mounts both versions of the KV engine.
func mountSecrets(ctx context.Context, client *api.Client) error {
	for path, version := range map[string]string{"secret": "2", "kv1": "1"} {
		err := client.Sys().MountWithContext(ctx, path, &api.MountInput{
			Type:    "kv",
			Options: map[string]string{"version": version},
		})
		if err != nil {
			return fmt.Errorf("mounting %s: %w", path, err)
		}
	}
	return waitForKV2(ctx, client)
}

// waitForKV2 returns when secret/ answers. Vault upgrades a new KV v2 mount in
// the background and refuses requests meanwhile; a refused write has no
// effect, so asking again is safe.
func waitForKV2(ctx context.Context, client *api.Client) error {
	for {
		_, err := client.Logical().ReadWithContext(ctx, "secret/config")
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for secret/: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func enableAudit(ctx context.Context, client *api.Client, file string) error {
	err := client.Sys().EnableAuditWithOptionsWithContext(ctx, "file", &api.EnableAuditOptions{
		Type:    "file",
		Options: map[string]string{"file_path": file},
	})
	if err != nil {
		return fmt.Errorf("enabling the audit device: %w", err)
	}
	return nil
}
