package credential

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxWord bounds what a diagnosis repeats of one word of Vault, in bytes.
const maxWord = 64

// Diagnosis is what Vault tells about one secret. It is an allow-list: nothing
// in it is secret.
type Diagnosis struct {
	// Mount is where the KV engine is mounted, and KV its version: 1 or 2, 0
	// where that could not be found out.
	Mount string
	KV    int

	// Path is the path in Vault's API that is read.
	Path string

	// Version is the newest version's number and Created its time of writing.
	// KV version 1 has neither.
	Version int
	Created time.Time

	// Environment is the environment for which the secret is marked; empty for
	// none.
	Environment string
}

// Diagnose reads a secret as a VaultSource does, once, and says what it met on
// the way. The diagnosis holds what was found out also where there is an error,
// which is one of those of VaultSource.Fetch; the value is nil then.
func (s *Session) Diagnose(ctx context.Context, ref Reference) (Diagnosis, *Value, error) {
	source, err := NewVaultSource(s, ref)
	if err != nil {
		return Diagnosis{}, nil, err
	}
	found, value, err := source.diagnose(ctx)
	if err != nil {
		return found, nil, fmt.Errorf("reading %s: %w", source.Describe(), err)
	}
	return found, value, nil
}

func (s *VaultSource) diagnose(ctx context.Context) (Diagnosis, *Value, error) {
	mount, err := s.session.mountOf(ctx, s.ref)
	if err != nil {
		return Diagnosis{}, nil, err
	}
	found := Diagnosis{Mount: mount.path, KV: mount.version, Path: mount.apiPath(s.ref.Path)}
	answer, err := s.ask(ctx, mount)
	if err != nil {
		return found, nil, err
	}
	if meta, ok := answer.Data["metadata"].(map[string]any); ok && mount.version == 2 {
		found.Version, found.Created = intOf(meta["version"]), timeOf(meta["created_time"])
		found.Environment = plainWord(environmentOf(meta))
	}
	value, err := s.valueOf(mount, answer)
	return found, value, err
}

// Discard revokes the token if the session's own login made it, as far as
// policy allows, and closes the session. It is for a session that nobody else
// uses: one of a diagnosis would otherwise leave a token behind at each run.
func (s *Session) Discard(ctx context.Context) {
	if s.method.repeatable() && s.generation() > 0 {
		_ = s.reader.Auth().Token().RevokeSelfWithContext(ctx, "") // else it ends by itself
	}
	s.Close()
}

// plainWord makes a word of Vault fit for a terminal: short, and without
// characters that a terminal obeys.
func plainWord(text string) string {
	text = strings.ToValidUTF8(text, "?")
	for len(text) > maxWord {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}
