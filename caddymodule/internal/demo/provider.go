package demo

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxProviderBody bounds the body of a request to a provider, in bytes.
const maxProviderBody = 1 << 20

// ErrUnknownProvider says that no protocol has the name.
var ErrUnknownProvider = errors.New("unknown provider")

// protocol is how one provider speaks. Each lives in the file of its vendor.
type protocol struct {
	// credential takes the caller's key from where this provider expects it;
	// empty means that there is none. A credential of two fields is written
	// with a colon between them, as HTTP Basic writes it.
	credential func(*http.Request) string

	// verify replaces credential for providers that are not shown the key
	// itself but something made of it, such as a signature. It returns what was
	// shown, and whether it was made of one of the keys.
	verify func(r *http.Request, body []byte, keys []string) (shown string, ok bool)

	// answer answers one request.
	answer func(inquiry) reply

	// newKey makes a fresh key in the form of this provider's; nil makes random
	// text. See NewKey.
	newKey func() (string, error)

	// documented are the provider's documented errors that depend on the
	// account, and so cannot be provoked by a request.
	documented map[string]reply
}

// clock tells the time.
type clock func() time.Time

// protocols are the providers that can be imitated. A protocol adds itself
// from the file of its vendor.
var protocols = map[string]func(clock) protocol{}

// imitate adds a protocol: `var _ = imitate("name", protocol{...})`.
func imitate(name string, p protocol) struct{} {
	return imitateEach(name, func(clock) protocol { return p })
}

// imitateEach adds a protocol that looks at the clock or remembers earlier
// requests when it checks a credential: each provider gets one of its own.
func imitateEach(name string, build func(clock) protocol) struct{} {
	protocols[name] = build
	return struct{}{}
}

// ProviderNames lists the providers that NewProvider knows, sorted.
func ProviderNames() []string { return slices.Sorted(maps.Keys(protocols)) }

// Provider imitates one phone API, offline. It checks the credential as the
// real one does, and answers from libphonenumber's data. It is safe for
// concurrent use.
type Provider struct {
	protocol protocol
	calls    atomic.Int64
	keys     atomic.Pointer[[]string]
	now      func() time.Time

	recordMu sync.Mutex
	record   io.Writer

	faultMu sync.Mutex
	faults  []Fault
}

// NewProvider returns a provider that accepts the given key. Every request it
// receives is appended to record as one RecordedRequest in JSON, a line each,
// before the answer starts; that holds keys and phone numbers in clear. A nil
// record keeps none. An unknown name gives ErrUnknownProvider.
func NewProvider(name, key string, record io.Writer) (*Provider, error) {
	build, err := find(name)
	if err != nil {
		return nil, err
	}
	if key == "" {
		return nil, fmt.Errorf("imitating %q: empty key", name)
	}
	if record == nil {
		record = io.Discard
	}
	p := &Provider{now: time.Now, record: record}
	p.protocol = build(func() time.Time { return p.now() })
	p.SetKeys(key)
	return p, nil
}

func find(name string) (func(clock) protocol, error) {
	build, ok := protocols[name]
	if !ok {
		return nil, fmt.Errorf("imitating %q: %w (known: %s)", name, ErrUnknownProvider, strings.Join(ProviderNames(), ", "))
	}
	return build, nil
}

// SetKeys replaces the keys that are accepted, as a rotation does: the new key
// alone, or the old and the new during the overlap. Without any, every request
// is refused.
func (p *Provider) SetKeys(keys ...string) {
	kept := slices.Clone(keys)
	p.keys.Store(&kept)
}

// Calls returns how many requests the provider has received.
func (p *Provider) Calls() int64 { return p.calls.Load() }

// Reset sets the number of calls to zero and drops all faults. The keys and
// the record stay.
func (p *Provider) Reset() {
	p.SetFault()
	p.calls.Store(0)
}

// DocumentedErrors returns the errors that the provider documents for troubles
// of the account or of its own, by name: ready to be given to SetFault.
func (p *Provider) DocumentedErrors() map[string]Fault {
	faults := make(map[string]Fault, len(p.protocol.documented))
	for name, r := range p.protocol.documented {
		faults[name] = Fault{Status: r.status, Body: string(r.body)}
	}
	return faults
}

// present returns the credential that a request shows, and whether it is good.
func (p *Provider) present(r *http.Request, body []byte) (shown string, accepted bool) {
	if p.protocol.verify != nil {
		return p.protocol.verify(r, body, *p.keys.Load())
	}
	shown = p.protocol.credential(r)
	return shown, isKey(shown, *p.keys.Load())
}

// isKey reports whether what was shown is one of the keys. An empty text is
// not, whatever the keys are.
func isKey(shown string, keys []string) bool {
	ok := false
	for _, known := range keys {
		ok = subtle.ConstantTimeCompare([]byte(known), []byte(shown)) == 1 || ok
	}
	return ok && shown != ""
}

// inquiry is one request as a protocol sees it.
type inquiry struct {
	*http.Request
	body     []byte
	key      string // as received; empty means none
	accepted bool   // whether key is good
	now      time.Time
}

// reply is an answer before it is written.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// jsonReply renders an answer. The value is one of this package's own, so that
// it always encodes.
func jsonReply(status int, value any) reply {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // providers write "AT&T" as it is
	if err := enc.Encode(value); err != nil {
		panic("demo: encoding an answer: " + err.Error())
	}
	return reply{
		status: status,
		header: http.Header{"Content-Type": {"application/json"}},
		body:   bytes.TrimRight(b.Bytes(), "\n"),
	}
}

func (a reply) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that went away is no concern of ours
}

// ServeHTTP records a request and answers it.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.calls.Add(1)
	// What was read before an error is recorded all the same.
	body, readErr := io.ReadAll(io.LimitReader(r.Body, maxProviderBody+1))
	if err := p.writeRecord(r, body); err != nil {
		// A record with a gap would make every leak test worthless.
		http.Error(w, "this request could not be recorded", http.StatusInternalServerError)
		return
	}
	if readErr != nil {
		panic(http.ErrAbortHandler) // the client broke off
	}
	key, accepted := p.present(r, body)
	answer := reply{status: http.StatusRequestEntityTooLarge}
	if len(body) <= maxProviderBody {
		answer = p.protocol.answer(inquiry{Request: r, body: body, key: key, accepted: accepted, now: p.now()})
	}
	if fault, ok := p.nextFault(); ok {
		fault.write(w, r, answer, key)
		return
	}
	answer.write(w)
}

// bearer returns the token of an Authorization header.
func bearer(r *http.Request) string { return authorization(r, "Bearer") }

// authorization returns what follows a scheme in an Authorization header; empty
// for another scheme.
func authorization(r *http.Request, want string) string {
	scheme, shown, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, want) {
		return ""
	}
	return shown
}

// basicPair returns what HTTP Basic shows, as "user:password"; empty for none.
func basicPair(r *http.Request) string {
	user, password, ok := r.BasicAuth()
	if !ok {
		return ""
	}
	return user + ":" + password
}
