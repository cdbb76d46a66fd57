package credential

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	// jwtLife is how long a JWT is good. Vonage accepts a day at most.
	jwtLife = 5 * time.Minute

	// jwtEarly is how long before its end the next one is made.
	jwtEarly = time.Minute
)

// jwtClaims are what Vonage's own generator puts in a JWT for its APIs
// (developer.vonage.com/en/jwt), less those that are optional: nbf, sub and acl.
type jwtClaims struct {
	ApplicationID string           `json:"application_id"`
	ID            string           `json:"jti"`
	IssuedAt      *jwt.NumericDate `json:"iat"`
	Expiry        *jwt.NumericDate `json:"exp"`
}

// jwtMinter mints JWTs of an application's id and its private key. The key is
// parsed once.
func jwtMinter(now func() time.Time) minter {
	return func(fields []Field) (mint, error) {
		application, err := revealLine(fields[0])
		if err != nil {
			return nil, err
		}
		signer, err := newSigner(fields[1])
		if err != nil {
			return nil, err
		}
		return func(context.Context) (*token, error) {
			issued := now()
			text, err := jwt.Signed(signer).Claims(jwtClaims{
				ApplicationID: application,
				ID:            rand.Text(),
				IssuedAt:      jwt.NewNumericDate(issued),
				Expiry:        jwt.NewNumericDate(issued.Add(jwtLife)),
			}).Serialize()
			if err != nil {
				return nil, fmt.Errorf("signing a token with field %q failed: %w", fields[1].Name, ErrInvalid)
			}
			return newToken(text, issued, jwtLife, jwtEarly)
		}, nil
	}
}

func newSigner(f Field) (jose.Signer, error) {
	text := f.Secret.copied()
	defer clear(text)
	if len(text) == 0 {
		return nil, fmt.Errorf("field %q %w", f.Name, ErrEmpty)
	}
	key, err := parsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("field %q %w", f.Name, err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, new(jose.SignerOptions).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("field %q cannot sign: %w", f.Name, ErrInvalid)
	}
	return signer, nil
}
