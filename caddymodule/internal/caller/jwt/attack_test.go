package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// refuses checks a gallery of tokens, each against its refusal. The verifier
// must accept a good token, or the gallery would prove nothing.
func refuses(t *testing.T, v *Verifier, gallery map[string]attack) {
	t.Helper()
	if err := verify(v, signRSA(goodClaims()), policy); err != nil {
		t.Fatalf("a good token is refused: %v", err)
	}
	for name, a := range gallery {
		if err := verify(v, a.token, policy); err != a.want {
			t.Errorf("%s: got %v, want %v", name, err, a.want)
		}
	}
}

type attack struct {
	token string
	want  error
}

func payload() string { return string(must(json.Marshal(goodClaims()))) }

func TestAlgNoneIsRefused(t *testing.T) {
	t.Parallel()
	gallery := map[string]attack{}
	for _, name := range []string{"none", "None", "NONE", "nOnE", ""} {
		gallery["alg "+name+" without a signature"] = attack{craft(`{"alg":"`+name+`"}`, payload(), ""), ErrForm}
		gallery["alg "+name+" with one"] = attack{craft(`{"alg":"`+name+`","kid":"rsa"}`, payload(), "x"), ErrAlgorithm}
	}
	gallery["alg missing"] = attack{craft(`{"kid":"rsa"}`, payload(), "x"), ErrAlgorithm}
	refuses(t, newVerifier(t, newIssuer(allKeys()), nil), gallery)
}

// TestPublicKeyAsHMACSecretIsRefused is the RS256/HS256 key confusion.
func TestPublicKeyAsHMACSecretIsRefused(t *testing.T) {
	t.Parallel()
	public := must(x509.MarshalPKIXPublicKey(rsaKey().Public()))
	gallery := map[string]attack{}
	for name, secret := range map[string][]byte{
		"DER": public, "PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
		"modulus": rsaKey().N.Bytes(), "key set": []byte(allKeys()),
	} {
		gallery[name] = attack{sign(jose.HS256, secret, "rsa", goodClaims(), nil), ErrAlgorithm}
		// The header says RS256, the signature is an HMAC.
		unsigned, _, _ := strings.Cut(craft(`{"alg":"RS256","kid":"rsa"}`, payload(), "")+"|", ".|")
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(unsigned))
		gallery[name+", as RS256"] = attack{unsigned + "." + strict.EncodeToString(mac.Sum(nil)), ErrSignature}
	}
	refuses(t, newVerifier(t, newIssuer(allKeys()), nil), gallery)
}

func TestSymmetricKeysOfTheSetAreNotUsed(t *testing.T) {
	t.Parallel()
	secret := []byte(strings.Repeat("k", 32))
	set := must(json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: secret, KeyID: "oct"}, {Key: rsaKey().Public(), KeyID: "rsa"},
	}}))
	refuses(t, newVerifier(t, newIssuer(string(set)), nil), map[string]attack{
		"HS256":             {sign(jose.HS256, secret, "oct", goodClaims(), nil), ErrAlgorithm},
		"RS256 of that key": {sign(jose.RS256, otherRSA(), "oct", goodClaims(), nil), ErrUnknownKey},
	})
}

func TestKeyOfAnotherKindIsRefused(t *testing.T) {
	t.Parallel()
	other := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	v := newVerifier(t, newIssuer(allKeys()), func(c *Config) { c.Algorithms = []string{"RS256", "ES256", "ES384", "EdDSA"} })
	refuses(t, v, map[string]attack{
		"ES256 with an RSA key":   {sign(jose.ES256, ecKey(), "rsa", goodClaims(), nil), ErrUnknownKey},
		"RS256 with an EC key":    {sign(jose.RS256, rsaKey(), "ec", goodClaims(), nil), ErrUnknownKey},
		"EdDSA with an EC key":    {sign(jose.EdDSA, edKey(), "ec", goodClaims(), nil), ErrUnknownKey},
		"ES384 with a P-256 key":  {sign(jose.ES384, other, "ec", goodClaims(), nil), ErrUnknownKey},
		"PS256 that is not asked": {sign(jose.PS256, rsaKey(), "rsa", goodClaims(), nil), ErrAlgorithm},
	})
}

func TestKeyIDIsNothingButAName(t *testing.T) {
	t.Parallel()
	gallery := map[string]attack{}
	for name, id := range map[string]string{
		"path": "../../../../dev/null", "file": "/etc/passwd", "URL": "https://attacker.example/keys",
		"SQL": "x' UNION SELECT 'key' --", "command": "$(id)", "NUL": "rsa\x00", "wildcard": "*", "other case": "RSA",
	} {
		gallery[name] = attack{sign(jose.RS256, otherRSA(), id, goodClaims(), nil), ErrUnknownKey}
	}
	gallery["overlong"] = attack{sign(jose.RS256, otherRSA(), strings.Repeat("k", maxKeyID+1), goodClaims(), nil), ErrHeader}
	gallery["a list"] = attack{craft(`{"alg":"RS256","kid":["rsa"]}`, payload(), "x"), ErrForm}
	gallery["another's key under a known id"] = attack{sign(jose.RS256, otherRSA(), "rsa", goodClaims(), nil), ErrSignature}
	i := newIssuer(allKeys())
	refuses(t, newVerifier(t, i, nil), gallery)
	for path := range i.fetches {
		if path != "/keys" && path != "/.well-known/openid-configuration" {
			t.Errorf("%s was fetched", path)
		}
	}
}

// TestKeysInTheHeaderAreIgnored: the sender would choose the key.
func TestKeysInTheHeaderAreIgnored(t *testing.T) {
	t.Parallel()
	i := newIssuer(allKeys())
	i.serve("/evil", jwks(map[string]crypto.Signer{"evil": otherRSA()}))
	jwk := jose.JSONWebKey{Key: otherRSA().Public(), KeyID: "evil"}
	evil := testIssuer + "/evil"
	v := newVerifier(t, i, nil)
	gallery := map[string]attack{
		"jwk":               {sign(jose.RS256, otherRSA(), "evil", goodClaims(), headers{"jwk": jwk}), ErrUnknownKey},
		"jku":               {sign(jose.RS256, otherRSA(), "evil", goodClaims(), headers{"jku": evil}), ErrUnknownKey},
		"x5u":               {sign(jose.RS256, otherRSA(), "evil", goodClaims(), headers{"x5u": evil}), ErrUnknownKey},
		"jku of a known id": {sign(jose.RS256, otherRSA(), "rsa", goodClaims(), headers{"jku": evil}), ErrSignature},
		"jwk of a known id": {sign(jose.RS256, otherRSA(), "rsa", goodClaims(), headers{"jwk": jwk}), ErrSignature},
	}
	refuses(t, v, gallery)
	if i.count("/evil") != 0 {
		t.Error("a key was fetched from where the token said")
	}
}

func TestUnsupportedHeadersAreRefused(t *testing.T) {
	t.Parallel()
	gallery := map[string]attack{
		"crit, unknown":    {craft(`{"alg":"RS256","kid":"rsa","crit":["exp"],"exp":1}`, payload(), "x"), ErrHeader},
		"crit, empty":      {craft(`{"alg":"RS256","kid":"rsa","crit":[]}`, payload(), "x"), ErrHeader},
		"b64":              {craft(`{"alg":"RS256","kid":"rsa","b64":false}`, payload(), "x"), ErrHeader},
		"zip":              {craft(`{"alg":"RS256","kid":"rsa","zip":"DEF"}`, payload(), "x"), ErrHeader},
		"nested":           {sign(jose.RS256, rsaKey(), "rsa", signRSA(goodClaims()), headers{"cty": "JWT"}), ErrHeader},
		"nested, no cty":   {sign(jose.RS256, rsaKey(), "rsa", signRSA(goodClaims()), nil), ErrClaims},
		"logout token":     {sign(jose.RS256, rsaKey(), "rsa", goodClaims(), headers{"typ": "logout+jwt"}), ErrType},
		"alg there twice":  {craft(`{"alg":"RS256","alg":"none","kid":"rsa"}`, payload(), "x"), ErrForm},
		"kid there twice":  {craft(`{"alg":"RS256","kid":"rsa","kid":"ec"}`, payload(), "x"), ErrForm},
		"alg escaped also": {craft(`{"alg":"RS256","\u0061lg":"none","kid":"rsa"}`, payload(), "x"), ErrForm},
	}
	refuses(t, newVerifier(t, newIssuer(allKeys()), nil), gallery)
}

func TestOtherFormsAreRefused(t *testing.T) {
	t.Parallel()
	good := signRSA(goodClaims())
	first, rest, _ := strings.Cut(good, ".")
	middle, last, _ := strings.Cut(rest, ".")
	encrypter := must(jose.NewEncrypter(jose.A128GCM, jose.Recipient{Algorithm: jose.RSA_OAEP, Key: rsaKey().Public()}, nil))
	jwe := must(must(encrypter.Encrypt([]byte(payload()))).CompactSerialize())
	gallery := map[string]attack{
		"JWE":                      {jwe, ErrForm},
		"JSON form":                {`{"protected":"` + first + `","payload":"` + middle + `","signature":"` + last + `"}`, ErrForm},
		"no signature":             {first + "." + middle + ".", ErrForm},
		"no signature and no dot":  {first + "." + middle, ErrForm},
		"no payload":               {first + ".." + last, ErrForm},
		"no header":                {"." + middle + "." + last, ErrForm},
		"dots alone":               {"..", ErrForm},
		"four parts":               {good + "." + last, ErrForm},
		"signature cut by 1":       {good[:len(good)-1], ErrForm},
		"signature cut by 4":       {good[:len(good)-4], ErrSignature},
		"signature with one digit": {first + "." + middle + ".A", ErrForm},
		"padding":                  {good + "=", ErrForm},
		"line feed in front":       {"\n" + good, ErrForm},
		"line feed inside":         {first + ".\n" + middle + "." + last, ErrForm},
		"line feed at the end":     {good + "\n", ErrForm},
		"space":                    {first + " ." + middle + "." + last, ErrForm},
		"header is no object":      {craft(`"alg"`, payload(), "x"), ErrForm},
		"header is null":           {craft(`null`, payload(), "x"), ErrAlgorithm},
		"header is not JSON":       {craft(`{"alg"`, payload(), "x"), ErrForm},
		"nothing":                  {"", ErrNoToken},
		"too long":                 {sign(jose.RS256, rsaKey(), "rsa", with(map[string]any{"x": strings.Repeat("x", 8<<10)}), nil), ErrTooLong},
	}
	other := signRSA(with(map[string]any{"sub": "other"}))
	gallery["signature of another token"] = attack{first + "." + middle + other[strings.LastIndex(other, "."):], ErrSignature}
	gallery["payload of another token"] = attack{first + "." + strings.Split(other, ".")[1] + "." + last, ErrSignature}
	refuses(t, newVerifier(t, newIssuer(allKeys()), nil), gallery)
}

func TestKeysForOtherUsesAreNotUsed(t *testing.T) {
	t.Parallel()
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: otherRSA(), KeyID: "private"},
		{Key: otherRSA().Public(), KeyID: "enc", Use: "enc"},
		{Key: otherRSA().Public(), KeyID: "ps", Algorithm: "PS256"},
		{Key: rsaKey().Public(), KeyID: "rsa"},
		{Key: otherRSA().Public(), KeyID: "twice"},
		{Key: rsaKey().Public(), KeyID: "twice"},
	}}
	usable, err := parseKeys(must(json.Marshal(set)))
	for _, key := range usable {
		if key.KeyID == "private" || key.KeyID == "enc" {
			t.Errorf("%s counts as a key", key.KeyID)
		}
	}
	if err != nil || len(usable) != 4 {
		t.Errorf("got %d keys, %v", len(usable), err)
	}
	refuses(t, newVerifier(t, newIssuer(string(must(json.Marshal(set)))), nil), map[string]attack{
		"published private": {sign(jose.RS256, otherRSA(), "private", goodClaims(), nil), ErrUnknownKey},
		"for encryption":    {sign(jose.RS256, otherRSA(), "enc", goodClaims(), nil), ErrUnknownKey},
		"for another alg":   {sign(jose.RS256, otherRSA(), "ps", goodClaims(), nil), ErrUnknownKey},
		"one of two":        {sign(jose.RS256, rsaKey(), "twice", goodClaims(), nil), ErrUnknownKey},
		"no id, many keys":  {sign(jose.RS256, rsaKey(), "", goodClaims(), nil), ErrUnknownKey},
	})
}

func TestWeakAndHugeRSAKeysAreLeftOut(t *testing.T) {
	t.Parallel()
	for bits, want := range map[uint]int{1024: 0, 2047: 0, 2048: 1, 4096: 1, 4097: 0} {
		modulus := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), bits-1), big.NewInt(1))
		set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &rsa.PublicKey{N: modulus, E: 65537}, KeyID: "rsa"}}}
		keys, err := parseKeys(must(json.Marshal(set)))
		if err != nil || len(keys) != want {
			t.Errorf("%d bits: got %d keys, %v", bits, len(keys), err)
		}
	}
}
