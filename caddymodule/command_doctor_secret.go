package caddymodule

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/credential"
)

// clockTolerance is how far in the future a secret may be written before a clock
// is taken to be wrong.
const clockTolerance = 5 * time.Minute

// examineSecret checks one secret that the config refers to.
func (d *doctor) examineSecret(ctx context.Context, s doctorSecret) doctorGroup {
	g := doctorGroup{Kind: "credential", Name: s.name, Source: s.source()}
	if err := s.from.validate(); err != nil {
		g.fail("reference", "%v", err)
		return g
	}
	var value *credential.Value
	if s.from.Source == sourceVault {
		value = d.examineReference(ctx, &g, s)
	} else {
		value = examineLocal(ctx, &g, s)
	}
	if value == nil {
		return g
	}
	switch {
	case s.isKey:
		examinePseudonymKey(&g, value)
	case s.name == signingKeyName:
		examineSigningKey(&g, value)
	case s.provider != nil:
		examinePlacement(&g, s.provider, value)
	}
	return g
}

// examineReference checks a secret in Vault, and returns it where it could be
// read.
func (d *doctor) examineReference(ctx context.Context, g *doctorGroup, s doctorSecret) *credential.Value {
	ref := s.from.reference(d.app)
	switch {
	case errors.Is(d.vault.refused, errNotTried):
		g.warn("read", "not tried: %v", d.vault.refused)
		return nil
	case d.vault.refused != nil:
		g.fail("read", "not tried: %v", d.vault.refused)
		return nil
	}
	found, value, err := d.vault.session.Diagnose(ctx, ref)
	switch {
	case errors.Is(err, credential.ErrEnvironment):
		g.fail("environment", "%v", err)
	case err != nil:
		g.fail("read", "%v", err)
	default:
		g.ok("read", "%s", fieldsOf(value))
	}
	switch found.KV {
	case 2:
		g.ok("kv", "version 2 at %s/", found.Mount)
	case 1:
		g.warn("kv", "version 1 at %s/ keeps no versions, times or marks: neither age nor environment can be checked", found.Mount)
	}
	if found.Version > 0 {
		g.ok("version", "%d, written %s", found.Version, found.Created.UTC().Format(time.RFC3339))
		examineAge(g, found.Created, time.Duration(s.from.RotateEvery))
		if err == nil {
			d.examineEnvironment(g, found, ref.Path)
		}
	}
	if !d.vault.policyUnknown && found.Path != "" {
		excess, err := d.vault.session.ExcessOf(ctx, ref)
		reportExcess(g, excess, err, "read on "+found.Path+" and no more")
	}
	return value
}

func fieldsOf(v *credential.Value) string {
	names := make([]string, len(v.Fields))
	for i, field := range v.Fields {
		names[i] = field.Name
	}
	return strings.Join(names, ", ") + " can be read and used"
}

func (d *doctor) examineEnvironment(g *doctorGroup, found credential.Diagnosis, path string) {
	switch {
	case found.Environment != "":
		g.ok("environment", "marked for %q, as this config", found.Environment)
	case d.app.Environment != "":
		g.warn("environment", "this config is for %q and the secret is not marked: any environment can use it; mark it with \"vault kv metadata patch -custom-metadata=environment=%s %s\"",
			d.app.Environment, d.app.Environment, path)
	default:
		g.ok("environment", "none set, here and there")
	}
}

// examineAge compares a secret's age with when it is to be rotated.
func examineAge(g *doctorGroup, created time.Time, every time.Duration) {
	if every == 0 {
		every = credential.DefaultRotateEvery
	}
	age := time.Since(created)
	switch {
	case created.IsZero():
		g.warn("age", "unknown")
	case age < -clockTolerance:
		g.warn("age", "it was written %s in the future: a clock is wrong, here or there", lengthOf(-age))
	case every > 0 && age > every:
		g.warn("age", "%s, overdue: to be rotated every %s", lengthOf(age), lengthOf(every))
	case every > 0:
		g.ok("age", "%s, to be rotated every %s", lengthOf(max(age, 0)), lengthOf(every))
	default:
		g.ok("age", "%s, and rotate_every is off", lengthOf(max(age, 0)))
	}
}

// examineLocal checks a secret in a file or a variable.
func examineLocal(ctx context.Context, g *doctorGroup, s doctorSecret) *credential.Value {
	var source credential.Source
	var err error
	at := s.from.Path
	if s.from.Source == sourceFile {
		source, err = credential.NewFileSource(nil, credential.Location{Field: fieldName, At: at})
	} else {
		at = s.from.Name
		source, err = credential.NewEnvSource(credential.Location{Field: fieldName, At: at})
	}
	if err != nil {
		g.fail("reference", "%v", err)
		return nil
	}
	g.warn("source", "%s is meant for development: use vault in production", s.from.Source)
	value, err := source.Fetch(ctx)
	if err != nil {
		g.fail("read", "%v", err)
	} else {
		g.ok("read", "it is set and can be used")
	}
	if s.from.Source == sourceFile {
		examinePermissions(g, at)
		if err == nil {
			examineAge(g, value.Created, time.Duration(s.from.RotateEvery))
		}
	}
	return value
}

// examinePermissions warns of a file that more than its owner and a group that
// may read it have rights to.
func examinePermissions(g *doctorGroup, path string) {
	const most = 0o750
	info, err := os.Stat(path)
	if err != nil {
		return // the read has said so
	}
	if mode := info.Mode().Perm(); mode&^most != 0 {
		g.warn("permissions", "%#o: others than the owner may change it, or everybody may read it: chmod %#o", mode, mode&0o640)
	} else {
		g.ok("permissions", "%#o", mode)
	}
}

// examinePseudonymKey checks that a key is long enough. The key id is what audit
// entries name it by.
func examinePseudonymKey(g *doctorGroup, value *credential.Value) {
	key := []byte(value.Fields[0].Secret.Reveal())
	defer clear(key)
	if _, err := audit.NewPseudonymizer(keyIDOf(key), key); err != nil {
		g.fail("length", "%v", err)
		return
	}
	g.ok("length", "%d bytes or more; its id is %s", audit.MinPseudonymKey, keyIDOf(key))
}

// examineSigningKey checks that checkpoints can be signed.
func examineSigningKey(g *doctorGroup, value *credential.Value) {
	signer, err := audit.ParseSigner(value.Fields[0].Secret.Reveal())
	if err != nil {
		g.fail("key", "%v", err)
		return
	}
	g.ok("key", "checkpoints are signed by %s", signer.Name())
}

// examinePlacement tries whether the provider's requests can carry the secret. It
// asks nobody: whether a token is given for it is not tried.
func examinePlacement(g *doctorGroup, config *ProviderConfig, value *credential.Value) {
	p, err := config.resolve()
	if err != nil {
		g.fail("provider", "%v", err)
		return
	}
	placer, err := credential.NewPlacer(p.Placements, credential.PlacerOptions{})
	if err != nil {
		g.fail("provider", "%v", err)
		return
	}
	defer placer.Close()
	if err := placer.Check(value); err != nil {
		g.fail("provider", "%v", err)
		return
	}
	g.ok("provider", "its requests can carry it (%s)", p.Placements[0].In)
}
