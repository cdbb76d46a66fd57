package provider

// The ways of placing a credential beyond those of In that name a part of the
// request: something is made of the secret first.
const (
	// InOAuth2 takes a client id and a client secret, fetches an access token
	// with them (RFC 6749, client credentials) and sends it as a Bearer token.
	InOAuth2 In = "oauth2"

	// InJWT takes an application id and an RSA private key in PEM, and sends a
	// short-lived JWT signed with RS256 as a Bearer token.
	InJWT In = "jwt"

	// InTSA takes a customer id and a base64 key, and signs every request with
	// HMAC-SHA256 as Telesign's API asks: header Authorization: TSA.
	InTSA In = "tsa"
)

// Placement says where a credential goes in a request to the provider.
type Placement struct {
	// In is InHeader, InQuery, InPath, InBasic, InOAuth2, InJWT or InTSA.
	In In `json:"in,omitempty"`

	// Name is the header's or parameter's name; empty elsewhere.
	Name string `json:"name,omitempty"`

	// Scheme precedes the credential in a header, as in "Bearer"; empty for none.
	Scheme string `json:"scheme,omitempty"`

	// TokenURL is where InOAuth2 fetches tokens: an https URL. A config can
	// replace it.
	TokenURL string `json:"token_url,omitempty"`
}

// Fields is how many secrets the placement takes.
func (p Placement) Fields() int {
	switch p.In {
	case InBasic, InOAuth2, InJWT, InTSA:
		return 2
	default:
		return 1
	}
}

// CredentialFields is how many secrets the provider takes.
func (p *Provider) CredentialFields() int {
	n := 0
	for _, placement := range p.Placements {
		n += placement.Fields()
	}
	return n
}

// SecretNames are the names that the fields of the credential best have in
// Vault.
func (p *Provider) SecretNames() []string {
	if len(p.Secrets) == 0 {
		return []string{"api_key"}
	}
	return p.Secrets
}

// Slot is a place in which a caller may present its key.
type Slot struct {
	In     In     `json:"in,omitempty"`     // InHeader, InQuery, InPath or InBasic (the password)
	Name   string `json:"name,omitempty"`   // header or parameter name; empty for InBasic and InPath
	Scheme string `json:"scheme,omitempty"` // required scheme of a header, as in "Bearer"; empty for none
}

// fields builds the field list of one data class.
func fields(class Class, pointers ...string) []Field {
	list := make([]Field, len(pointers))
	for i, pointer := range pointers {
		list[i] = Field{Pointer: pointer, Class: class}
	}
	return list
}

// join concatenates field lists.
func join(lists ...[]Field) []Field {
	var all []Field
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}
