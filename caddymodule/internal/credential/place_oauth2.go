package credential

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const (
	// unstatedTokenLife is how long a token is used that came without an end.
	unstatedTokenLife = 5 * time.Minute

	// maxTokenEarly is the longest time before its end that a token is renewed.
	maxTokenEarly = time.Minute
)

// oauth2Minter fetches access tokens for a client's id and its secret (RFC 6749,
// section 4.4), which it sends in the header.
func oauth2Minter(tokenURL string, options PlacerOptions) (minter, error) {
	if u, err := url.Parse(tokenURL); err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("the token URL must be an https URL: %w", ErrPlacement)
	}
	client := withoutRedirects(options.Client)
	return func(fields []Field) (mint, error) {
		if _, err := clientConfig(tokenURL, fields); err != nil {
			return nil, err
		}
		return func(ctx context.Context) (*token, error) {
			config, err := clientConfig(tokenURL, fields) // not kept: it holds the secret
			switch {
			case err != nil:
				return nil, err
			case client == nil:
				return nil, fmt.Errorf("there is no client to fetch a token with: %w", ErrPlacement)
			}
			return fetchToken(context.WithValue(ctx, oauth2.HTTPClient, client), config, options.Now)
		}, nil
	}, nil
}

// withoutRedirects returns a client like the given one, nil for none. A redirect
// would take the request with the client's secret to another place.
func withoutRedirects(given *http.Client) *http.Client {
	if given == nil {
		return nil
	}
	client := *given
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

func clientConfig(tokenURL string, fields []Field) (*clientcredentials.Config, error) {
	id, err := revealLine(fields[0])
	if err != nil {
		return nil, err
	}
	secret, err := revealLine(fields[1])
	if err != nil {
		return nil, err
	}
	return &clientcredentials.Config{ClientID: id, ClientSecret: secret, TokenURL: tokenURL, AuthStyle: oauth2.AuthStyleInHeader}, nil
}

// fetchToken asks for a token once. The library reads 1 MiB of an answer at most.
func fetchToken(ctx context.Context, config *clientcredentials.Config, now func() time.Time) (*token, error) {
	begun := now()
	got, err := config.Token(ctx)
	switch {
	case err != nil:
		return nil, tokenError(err)
	case !strings.EqualFold(got.TokenType, "bearer"):
		return nil, fmt.Errorf("the token endpoint gave a token that is not a bearer token: %w", ErrInvalid)
	}
	life := unstatedTokenLife
	if !got.Expiry.IsZero() {
		life = time.Until(got.Expiry) // the library counts from the time of the machine
	}
	if life <= 0 {
		return nil, fmt.Errorf("the token endpoint gave a token that has expired: %w", ErrInvalid)
	}
	made, err := newToken(got.AccessToken, begun, life, min(life/10, maxTokenEarly))
	if err != nil {
		return nil, fmt.Errorf("the token endpoint gave a token that cannot be used: %w", err)
	}
	return made, nil
}

// tokenError keeps of an error whose fault it was. The error itself holds the
// answer, or the URL.
func tokenError(err error) error {
	var answer *oauth2.RetrieveError
	switch {
	case !errors.As(err, &answer):
		return fmt.Errorf("the token endpoint cannot be reached or gives no token: %w", ErrUnavailable)
	case answer.ErrorCode == "invalid_client" || answer.Response.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("the token endpoint does not accept the client: %w", ErrRefused)
	default:
		return fmt.Errorf("the token endpoint answered with status %d: %w", answer.Response.StatusCode, ErrUnavailable)
	}
}
