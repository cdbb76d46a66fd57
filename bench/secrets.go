package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// issuer makes the callers' tokens.
type issuer struct {
	keys  string // path of its JWKS
	texts []string
}

const (
	issuerName = "https://issuer.bench.example"
	audience   = "ringward-bench"
	callerName = "bench"
)

func newIssuer(dir string, count int) (*issuer, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	encode := base64.RawURLEncoding.EncodeToString
	i := &issuer{keys: filepath.Join(dir, "jwks.json")}
	header := encode([]byte(`{"alg":"EdDSA","typ":"JWT","kid":"bench"}`))
	for n := range count {
		now := time.Now()
		claims, err := json.Marshal(map[string]any{
			"iss": issuerName, "aud": audience, "sub": callerName, "jti": fmt.Sprintf("token-%d", n),
			"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		})
		if err != nil {
			return nil, err
		}
		text := header + "." + encode(claims)
		i.texts = append(i.texts, text+"."+encode(ed25519.Sign(private, []byte(text))))
	}
	keys := fmt.Sprintf(`{"keys":[{"kty":"OKP","crv":"Ed25519","use":"sig","alg":"EdDSA","kid":"bench","x":%q}]}`, encode(public))
	return i, os.WriteFile(i.keys, []byte(keys), 0o600)
}

// vault is a real Vault server with the provider's key in it.
type vault struct {
	server    *harness.Vault
	tokenFile string
	client    *http.Client
}

const (
	providerSecret = "secret/phone/production/checkthatphone"
	auditSecret    = "secret/ringward/production/audit"
)

// startVault starts a Vault server, where one was built.
func (s *stage) startVault(o *options) error {
	if o.vault == "" {
		return nil
	}
	path, err := filepath.Abs(o.vault)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(s.dir, "vault-")
	if err != nil {
		return err
	}
	server, err := harness.StartVault(harness.Binaries{Vault: path}, dir)
	if err != nil {
		return err
	}
	s.vault = &vault{server: server, tokenFile: filepath.Join(dir, "token")}
	return s.vault.fill(map[string]map[string]string{
		providerSecret: {"api_key": s.key},
		auditSecret:    {"pseudonym_key": harness.RandomText()},
	})
}

// fill writes the secrets, and a token that may read them and nothing else.
func (v *vault) fill(secrets map[string]map[string]string) error {
	text, err := os.ReadFile(v.server.CAFile)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return errors.New("the certificate of Vault cannot be read")
	}
	v.client = &http.Client{Timeout: requestTimeout, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	policy := new(strings.Builder)
	for path, data := range secrets {
		path = "secret/data" + path[len("secret"):]
		fmt.Fprintf(policy, "path %q { capabilities = [\"read\"] }\n", path)
		if _, err := v.post(path, map[string]any{"data": data}); err != nil {
			return err
		}
	}
	if _, err := v.post("sys/policies/acl/bench", map[string]any{"policy": policy.String()}); err != nil {
		return err
	}
	made, err := v.post("auth/token/create", map[string]any{"policies": []string{"bench"}, "ttl": "1h", "no_parent": true})
	if err != nil {
		return err
	}
	var token struct {
		Auth struct {
			Token string `json:"client_token"`
		}
	}
	if err := json.Unmarshal(made, &token); err != nil {
		return err
	}
	return os.WriteFile(v.tokenFile, []byte(token.Auth.Token), 0o600)
}

func (v *vault) post(path string, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodPost, v.server.Address+"/v1/"+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Vault-Token", v.server.RootToken)
	resp, err := v.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return nil, fmt.Errorf("writing %s to Vault: status %d", path, resp.StatusCode)
	}
	return io.ReadAll(resp.Body)
}
