package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/credential"
	"github.com/ringward/ringward/caddymodule/internal/phone"
)

func auditSearchCommand() *cobra.Command {
	var source auditSource
	var number string
	cmd := &cobra.Command{
		Use:   "search --number <+number>|- --config <path> [--since <day>] [--until <day>] [<file or directory>...]",
		Short: "Finds the entries about a number, for an access request",
		Long: `
Prints the lines that are about a number, one of which may be a batch's with the
pseudonyms of others. The config says where the keys of pseudonyms are; with
VAULT_TOKEN set, that token is used to read them in place of the config's login.
--number - reads the number from standard input, so that it stands in no history.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			source.paths = args
			return auditSearch(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), &source, number)
		},
	}
	source.addTo(cmd, true)
	cmd.Flags().StringVar(&number, "number", "", "the number with + and country code, or - for standard input")
	return cmd
}

func auditSearch(ctx context.Context, in io.Reader, out, notes io.Writer, source *auditSource, number string) error {
	since, until, err := source.between()
	if err != nil {
		return err
	}
	e164, err := readNumber(in, number)
	if err != nil {
		return err
	}
	patient, err := loadPatient(source.config, source.adapter)
	if err != nil {
		return err
	}
	pseudonyms, err := allPseudonyms(ctx, &patient.app, notes, e164)
	if err != nil {
		return err
	}
	files, err := source.files()
	if err != nil {
		return err
	}
	found, malformed := 0, 0
	for record, err := range audit.Search(auditRecords(files), pseudonyms, since, until) {
		switch {
		case errors.Is(err, audit.ErrMalformed):
			malformed++
			continue
		case err != nil:
			return err
		}
		found++
		if _, err := out.Write(record.AppendJSON(nil)); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintf(notes, "%d entries\n", found)
	if malformed > 0 {
		return fmt.Errorf("%d lines are no entries, and may be about the number: see ringward audit verify", malformed)
	}
	return nil
}

// readNumber reads a number in international form.
func readNumber(in io.Reader, text string) (e164 string, err error) {
	if text == "-" {
		line, err := io.ReadAll(io.LimitReader(in, 256))
		if err != nil {
			return "", err
		}
		text = strings.TrimSpace(string(line))
	}
	parser, err := phone.NewParser(phone.Policy{Check: phone.CheckPossible})
	if err != nil {
		return "", err
	}
	number, err := parser.Parse(phone.Input{Raw: text})
	if err != nil {
		return "", fmt.Errorf("--number: %w", err)
	}
	return number.E164(), nil
}

// operatorApp is the app of a config, with a Vault login of the operator's own if
// there is one in the environment.
func operatorApp(app *App) *App {
	own := *app
	if os.Getenv("VAULT_TOKEN") != "" {
		session := app.sessionConfig()
		session.Auth = credential.AuthConfig{Method: credential.MethodToken}
		own.Vault = &session
	}
	return &own
}

// allPseudonyms are those of a number under every key that is there.
func allPseudonyms(ctx context.Context, app *App, notes io.Writer, e164 string) ([]string, error) {
	c := &app.Audit
	switch {
	case c.PseudonymKeys != nil:
		return epochPseudonyms(ctx, app, notes, e164)
	case c.PseudonymKey == nil:
		return nil, errors.New("the config has no pseudonym_key: its pseudonyms change at every start, and nobody can be found again")
	}
	held := new(leases)
	defer held.Close()
	source, err := c.PseudonymKey.source(operatorApp(app), held, zap.NewNop())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	value, err := source.Fetch(ctx)
	if err != nil {
		return nil, err
	}
	key := []byte(value.Fields[0].Secret.Reveal())
	defer clear(key)
	under, err := audit.NewPseudonymizer(keyIDOf(key), key)
	if err != nil {
		return nil, err
	}
	return []string{under.Pseudonym(e164)}, nil
}

// epochPseudonyms asks Vault for the keys of all epochs. Those that are destroyed
// can tell nothing any more.
func epochPseudonyms(ctx context.Context, app *App, notes io.Writer, e164 string) ([]string, error) {
	var pseudonyms []string
	err := withEpochKeys(ctx, app, func(ctx context.Context, keys *credential.EpochKeys) error {
		epochs, err := keys.List(ctx)
		if err != nil {
			return err
		}
		for _, epoch := range epochs {
			key, err := keys.Read(ctx, epoch.Name)
			if errors.Is(err, credential.ErrDeleted) {
				_, _ = fmt.Fprintf(notes, "epoch %s was forgotten: its entries can be linked to nobody\n", epoch.Name)
				continue
			}
			if err != nil {
				return err
			}
			secret := []byte(key.Secret.Reveal())
			under, err := audit.NewPseudonymizer(key.Name, secret)
			clear(secret)
			if err != nil {
				return err
			}
			pseudonyms = append(pseudonyms, under.Pseudonym(e164))
		}
		return nil
	})
	return pseudonyms, err
}

// withEpochKeys calls do with the keys of a config's epochs.
func withEpochKeys(ctx context.Context, app *App, do func(context.Context, *credential.EpochKeys) error) error {
	if app.Audit.PseudonymKeys == nil {
		return errors.New("the config has no pseudonym_keys, so there are no epochs")
	}
	session, err := credential.NewSession(operatorApp(app).sessionConfig())
	if err != nil {
		return err
	}
	defer session.Close()
	keys, err := credential.NewEpochKeys(session, app.Audit.PseudonymKeys.Path, app.Environment)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return do(ctx, keys)
}
