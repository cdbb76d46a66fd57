package caddymodule

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/credential"
)

// certificateWarning is how long before its end a certificate is warned about;
// one that lives shorter, in its last quarter.
const certificateWarning = 14 * 24 * time.Hour

// Why no secret of Vault is read.
var (
	errNoVault  = errors.New("Vault does not answer") //nolint:staticcheck // a name
	errSealed   = errors.New("Vault is sealed")       //nolint:staticcheck // a name
	errNoLogin  = errors.New("the login to Vault failed")
	errNotTried = errors.New("the login was not tried") // nothing failed
)

// examineVault checks the way to Vault, the login, and what its token may do
// besides reading secrets.
func examineVault(ctx context.Context, config credential.SessionConfig) (g doctorGroup, state vaultState) {
	g.Kind = "vault"
	session, err := credential.NewSession(config)
	if err != nil {
		g.fail("config", "%v", err)
		return g, vaultState{refused: errors.New("the vault option cannot be used")}
	}
	state.session = session
	if state.refused = examineServer(ctx, &g, session); state.refused != nil {
		return g, state
	}
	if state.refused = examineToken(ctx, &g, session); state.refused != nil {
		return g, state
	}
	state.policyUnknown = examineAdministration(ctx, &g, session)
	return g, state
}

func examineServer(ctx context.Context, g *doctorGroup, session *credential.Session) error {
	server, err := session.DiagnoseServer(ctx)
	g.Source = server.Address
	if err != nil {
		g.fail("address", "%v", err)
		return errNoVault
	}
	g.ok("address", "answers")
	left := time.Until(server.Expires)
	switch {
	case server.TLS == 0:
		g.ok("tls", "plaintext that does not leave this machine")
	case left < min(certificateWarning, server.Expires.Sub(server.Issued)/4):
		g.warn("tls", "%s, but the certificate ends in %s: renew it", tls.VersionName(server.TLS), lengthOf(left))
	default:
		g.ok("tls", "%s, certificate until %s (%s)", tls.VersionName(server.TLS), server.Expires.UTC().Format(time.DateOnly), lengthOf(left))
	}
	switch {
	case server.Sealed:
		g.fail("server", "Vault is sealed: unseal it")
		return errSealed
	case server.Version == "":
		g.ok("server", "does not tell its version")
	case server.Standby:
		g.ok("server", "Vault %s, a standby", server.Version)
	default:
		g.ok("server", "Vault %s", server.Version)
	}
	return nil
}

func examineToken(ctx context.Context, g *doctorGroup, session *credential.Session) error {
	token, err := session.DiagnoseToken(ctx)
	by := token.Method
	if token.Mount != "" {
		by += " at auth/" + token.Mount
	}
	switch {
	case errors.Is(err, credential.ErrNotAsked):
		g.warn("login", "%s: not tried: %v", by, err)
		return errNotTried
	case err != nil:
		g.fail("login", "%s: %v", by, err)
		return errNoLogin
	case !token.LookedUp && token.Mount == "":
		g.warn("login", "%s: Vault does not answer for this token: it has ended, or may not read auth/token/lookup-self", by)
		return nil
	}
	g.ok("login", "%s works", by)
	describe := describeToken(token)
	if warnings := tokenWarnings(token); len(warnings) > 0 {
		g.warn("token", "%s: %s", describe, strings.Join(warnings, "; "))
	} else {
		g.ok("token", "%s", describe)
	}
	return nil
}

func describeToken(t credential.TokenDiagnosis) string {
	life := "no end"
	if t.TTL > 0 {
		life = "ends in " + lengthOf(t.TTL)
	}
	renewable := "renewable"
	if !t.Renewable {
		renewable = "not renewable"
	}
	policies := "no policies"
	if len(t.Policies) > 0 {
		policies = "policies " + strings.Join(t.Policies, ", ")
	}
	return life + ", " + renewable + ", " + policies
}

func tokenWarnings(t credential.TokenDiagnosis) []string {
	var warnings []string
	if t.Root() {
		return []string{"ROOT TOKEN! Whoever gets hold of it owns Vault; log in by a role whose policy reads these secrets and nothing else"}
	}
	if t.TTL == 0 && t.LookedUp {
		warnings = append(warnings, "it never ends, so a stolen one never does either")
	}
	if t.TTL > 0 && !t.Renewable && t.Method == credential.MethodToken {
		warnings = append(warnings, "nothing replaces it when it ends: use another login, or a token that can be renewed")
	}
	if t.Uses > 0 {
		warnings = append(warnings, fmt.Sprintf("it ends after %d more uses: set token_num_uses to 0", t.Uses))
	}
	return warnings
}

// examineAdministration reports whether policy keeps the question from being
// asked at all.
func examineAdministration(ctx context.Context, g *doctorGroup, session *credential.Session) (unknown bool) {
	excess, err := session.ExcessOfAdministration(ctx)
	if errors.Is(err, credential.ErrDenied) {
		g.warn("policy", "not checked, here and below: the token may not ask what it may do; for this check alone allow update on sys/capabilities-self")
		return true
	}
	reportExcess(g, excess, err, "nothing in the administration of Vault")
	return false
}

// reportExcess says what a token may do that it should not.
func reportExcess(g *doctorGroup, excess []credential.Excess, err error, good string) {
	switch {
	case err != nil:
		g.warn("policy", "not checked: %v", err)
	case len(excess) == 0:
		g.ok("policy", "%s", good)
	case excess[0].Capabilities[0] == "root":
		g.warn("policy", "everything, with the root token")
	default:
		g.warn("policy", "the token may do more than it must: %s", joinExcess(excess))
	}
}

// joinExcess names each set of capabilities once, with all paths that have it.
func joinExcess(excess []credential.Excess) string {
	var sets []string
	paths := make(map[string][]string)
	for _, e := range excess {
		set := strings.Join(e.Capabilities, ", ")
		if paths[set] == nil {
			sets = append(sets, set)
		}
		paths[set] = append(paths[set], e.Path)
	}
	for i, set := range sets {
		sets[i] = set + " on " + strings.Join(paths[set], " ")
	}
	return strings.Join(sets, "; ")
}

// lengthOf is a duration as people say it.
func lengthOf(d time.Duration) string {
	const day = 24 * time.Hour
	switch d = d.Round(time.Second); {
	case d >= 2*day || d <= -2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	default:
		return d.String()
	}
}
