package provider

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var (
	namePattern    = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,63}$`)
	pathPattern    = regexp.MustCompile(`^/?(/([A-Za-z0-9_.~-]+|\{[a-z_]+\}))+/?$`)
	segmentPattern = regexp.MustCompile(`\{[a-z_]+\}`)
	accountPattern = regexp.MustCompile(`^[a-z][a-z_]{0,31}$`)
	paramPattern   = regexp.MustCompile(`^[A-Za-z0-9_.\[\]-]{1,64}$`)
	tokenPattern   = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$")
	pointerPattern = regexp.MustCompile(`^(/([^~/]|~[01])+)+$`)
)

// Validate reports the first thing in a provider description that cannot
// work or would be unsafe, saying what to change.
func (p *Provider) Validate() error {
	if !namePattern.MatchString(p.Name) {
		return fmt.Errorf("provider name %q: use lower case letters, digits, '-', '_' and '.', 64 at most", p.Name)
	}
	if _, err := p.Host(); err != nil {
		return err
	}
	if len(p.Operations) == 0 {
		return fmt.Errorf("provider %q has no operations: add at least one", p.Name)
	}
	if err := p.validatePlacements(); err != nil {
		return err
	}
	if err := p.validateHeaders(); err != nil {
		return err
	}
	for name, base := range p.Hosts {
		if _, err := (&Provider{Name: p.Name, BaseURL: base}).Host(); err != nil || !namePattern.MatchString(name) {
			return fmt.Errorf("provider %q: host %q must be a name for https://host[:port]", p.Name, name)
		}
	}
	for _, slot := range p.CallerSlots {
		if err := slot.validate(); err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for i := range p.Operations {
		op := &p.Operations[i]
		if err := op.Validate(); err != nil {
			return err
		}
		if err := p.checkSegments(op); err != nil {
			return err
		}
		for _, key := range op.routes() {
			if seen[key] {
				return fmt.Errorf("operation %q: %s is taken by another operation", op.Name, key)
			}
			seen[key] = true
		}
		if seen["name "+op.Name] {
			return fmt.Errorf("operation %q is described twice", op.Name)
		}
		seen["name "+op.Name] = true
	}
	return validateRules(p.Rules)
}

func (p *Provider) validatePlacements() error {
	if len(p.Placements) == 0 {
		return errNoPlace
	}
	for _, placement := range p.allPlacements() {
		if err := placement.validate(); err != nil {
			return err
		}
	}
	return nil
}

// checkSegments refuses placeholders that nothing fills.
func (p *Provider) checkSegments(op *Operation) error {
	inPath := slices.ContainsFunc(p.Placements, func(placement Placement) bool { return placement.In == InPath })
	for i, path := range append([]string{op.Path}, op.Aliases...) {
		for _, segment := range segmentPattern.FindAllString(path, -1) {
			name := strings.Trim(segment, "{}")
			if segment != NumberSegment && segment != KeySegment && !slices.Contains(p.Account, name) {
				return fmt.Errorf("operation %q: nothing fills %s in the path %q: use {number}, {key} or a name from account", op.Name, segment, path)
			}
		}
		keys := strings.Count(path, KeySegment)
		if keys > 1 || (i == 0 && inPath != (keys == 1)) || (!inPath && keys > 0) {
			return fmt.Errorf("operation %q: the path %q must hold {key} once where the credential stands in the path, and not at all elsewhere", op.Name, path)
		}
	}
	for _, name := range p.Account {
		if !accountPattern.MatchString(name) || name == "number" || name == "key" {
			return fmt.Errorf("provider %q: the account value %q must be named by lower case letters and '_'", p.Name, name)
		}
	}
	return nil
}

func validateRules(rules []Rule) error {
	for i := range rules {
		if err := rules[i].validate(); err != nil {
			return fmt.Errorf("error rule %d: %w", i+1, err)
		}
	}
	return nil
}

// Host returns host and port of the base URL, or an error when the base URL
// is not plain https://host[:port].
func (p *Provider) Host() (hostport string, err error) {
	u, err := url.Parse(p.BaseURL)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return "", fmt.Errorf("provider %q: the upstream must be https://host[:port]", p.Name)
	case u.Scheme != "https":
		return "", fmt.Errorf("provider %q: the upstream's scheme must be https, not %q: a key is never sent in plaintext", p.Name, u.Scheme)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Path != "" && u.Path != "/"):
		return "", fmt.Errorf("provider %q: the upstream must be https://host[:port] and nothing more; paths belong to operations", p.Name)
	}
	if u.Port() != "" {
		return u.Host, nil
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil && addr.Is6() {
		return "[" + u.Hostname() + "]:443", nil
	}
	return u.Hostname() + ":443", nil
}

// Validate reports the first thing in an operation that cannot work, naming it.
func (op *Operation) Validate() error {
	if err := op.validate(); err != nil {
		return fmt.Errorf("operation %q: %w", op.Name, err)
	}
	return nil
}

func (op *Operation) validate() error {
	if !namePattern.MatchString(op.Name) {
		return errors.New("the name must be lower case letters, digits, '-', '_' and '.'")
	}
	if op.Method != http.MethodGet && op.Method != http.MethodPost {
		return fmt.Errorf("the method must be GET or POST, not %q", op.Method)
	}
	if strings.HasPrefix(op.Path, "//") {
		return errors.New("only an alias can start with two slashes")
	}
	for _, path := range append([]string{op.Path}, op.Aliases...) {
		if err := op.validatePath(path); err != nil {
			return err
		}
	}
	if op.Number != nil {
		if err := op.Number.validate(op.Method); err != nil {
			return err
		}
	}
	if err := op.validateParams(); err != nil {
		return err
	}
	for _, f := range op.Fields {
		if err := f.validate(); err != nil {
			return err
		}
	}
	if op.AlsoPost && op.Method != http.MethodGet {
		return errors.New("only a GET operation can be asked with POST as well")
	}
	if op.Each != "" && !pointerPattern.MatchString(op.Each) {
		return fmt.Errorf("the pointer %q to a batch's answers must be a JSON pointer", op.Each)
	}
	if err := op.validateUnified(); err != nil {
		return err
	}
	return validateRules(op.Rules)
}

// validateUnified holds the mappings against the fields: a unified answer tells
// only what the same caller may see in the provider's own.
func (op *Operation) validateUnified() error {
	descriptions := UnifiedFields()
	for _, m := range op.Unified {
		at := slices.IndexFunc(descriptions, func(d UnifiedDescription) bool { return d.Field == m.To })
		if at < 0 {
			return fmt.Errorf("unified field %q is not known", m.To)
		}
		pointer := m.From
		if op.Each != "" {
			pointer = op.Each + "/*" + m.From
		}
		from := slices.IndexFunc(op.Fields, func(f Field) bool { return f.Pointer == pointer })
		switch d := descriptions[at]; {
		case from < 0:
			return fmt.Errorf("unified field %q: %s is no documented field", m.To, pointer)
		case op.Fields[from].Class != d.Class && (op.Fields[from].Class != Envelope || d.Class != Validity):
			return fmt.Errorf("unified field %q: %s is of class %s, not %s", m.To, pointer, op.Fields[from].Class, d.Class)
		case d.Kind == UnifiedEnum || d.Kind == UnifiedBoolean:
			for _, value := range m.Values {
				if d.Kind == UnifiedEnum && !slices.Contains(d.Enum, value) || d.Kind == UnifiedBoolean && value != "true" && value != "false" {
					return fmt.Errorf("unified field %q cannot be %q", m.To, value)
				}
			}
		}
	}
	return nil
}

func (op *Operation) validatePath(path string) error {
	if !pathPattern.MatchString(path) || strings.Contains(path+"/", "/../") || strings.Contains(path+"/", "/./") {
		return fmt.Errorf("the path %q must be /segments of letters, digits and '_.~-', with {number} where the number stands", path)
	}
	want := 0
	if op.Number != nil && op.Number.In == InPath {
		want = 1
	}
	if strings.Count(path, "{number}") != want {
		return fmt.Errorf("the path %q must hold {number} %d times for where this operation's number stands", path, want)
	}
	return nil
}

func (op *Operation) validateParams() error {
	seen := map[string]bool{}
	if op.Number != nil {
		seen[string(op.Number.In)+" "+op.Number.Name] = true
		seen[string(op.Number.In)+" "+op.Number.RegionParam] = true
	}
	for _, param := range op.Params {
		if err := param.validateName(); err != nil {
			return err
		}
		if param.In != InQuery && (param.In != InJSON || op.Method != http.MethodPost) {
			return fmt.Errorf("parameter %q: it must stand in query, or in json with POST", param.Name)
		}
		if !slices.Contains([]ParamKind{KindString, KindBoolean, KindInteger, KindRegion, KindIP, KindEmpty}, param.Kind) {
			return fmt.Errorf("parameter %q: the kind %q must be string, boolean, integer, region, ip or, in json, empty", param.Name, param.Kind)
		}
		if param.Kind == KindEmpty && param.In != InJSON || param.Separator != "" && param.In != InQuery {
			return fmt.Errorf("parameter %q: empty is for json, a separator for query", param.Name)
		}
		key := string(param.In) + " " + param.Name
		if seen[key] {
			return fmt.Errorf("parameter %q is described twice", param.Name)
		}
		seen[key] = true
	}
	return nil
}

func (p *Param) validateName() error {
	if paramPattern.MatchString(p.Name) || p.In == InJSON && pointerPattern.MatchString(p.Name) {
		return nil
	}
	return fmt.Errorf("the parameter name %q must be letters, digits and '_.-[]', or a JSON pointer in json", p.Name)
}

func (n *NumberSlot) validate(method string) error {
	switch n.In {
	case InPath:
		if n.Name != "" {
			return errors.New("a number in the path has no name")
		}
	case InQuery, InJSON:
		if err := (&Param{Name: n.Name, In: n.In}).validateName(); err != nil {
			return fmt.Errorf("the number: %w", err)
		}
	default:
		return fmt.Errorf("the number must stand in query, json or path, not %q", n.In)
	}
	if n.Batch() != (n.Max > 1) || n.Max > maxBatch {
		return fmt.Errorf("a batch, and only a batch, needs how many numbers one request may hold: 2 to %d", maxBatch)
	}
	if n.In == InJSON && method != http.MethodPost {
		return errors.New("a number in a JSON body needs the method POST")
	}
	if !slices.Contains([]Format{FormatE164, FormatDigits, FormatNational}, n.Format) {
		return fmt.Errorf("the number format %q must be e164, digits or national", n.Format)
	}
	return nil
}

// maxBatch bounds the numbers of one request, whatever a provider takes.
const maxBatch = 1000

func (f Field) validate() error {
	if !pointerPattern.MatchString(f.Pointer) {
		return fmt.Errorf("the field %q must be a JSON pointer such as /data/carrier", f.Pointer)
	}
	known := append(Classes(), Envelope, Never)
	if !slices.Contains(known, f.Class) {
		return fmt.Errorf("field %s: unknown data class %q: use one of %v", f.Pointer, f.Class, known)
	}
	return nil
}

var errNoPlace = errors.New("the credential's place must be: header NAME [SCHEME], query NAME, basic, path, oauth2 URL, jwt or tsa")

func (p Placement) validate() error {
	named := false
	switch p.In {
	case InHeader:
		named = tokenPattern.MatchString(p.Name) && !isFramingHeader(p.Name)
	case InQuery:
		named = paramPattern.MatchString(p.Name)
	case InBasic, InPath, InOAuth2, InJWT, InTSA:
		named = p.Name == ""
	}
	if !named || (p.Scheme != "" && p.In != InHeader) || (p.TokenURL != "") != (p.In == InOAuth2) {
		return errNoPlace
	}
	if p.Scheme != "" && !tokenPattern.MatchString(p.Scheme) {
		return fmt.Errorf("the scheme %q must be one word", p.Scheme)
	}
	if p.TokenURL != "" {
		u, err := url.Parse(p.TokenURL)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return errors.New("the token URL must be https://host[:port]/path")
		}
	}
	return nil
}

func (s Slot) validate() error {
	switch {
	case s.In == InHeader && tokenPattern.MatchString(s.Name) && !isFramingHeader(s.Name):
	case s.In == InQuery && paramPattern.MatchString(s.Name):
	case (s.In == InBasic || s.In == InPath) && s.Name == "":
	default:
		return errors.New("a caller key's place must be: header NAME [SCHEME], query NAME, path or basic")
	}
	return nil
}

// isFramingHeader reports headers that shape the message or its routing; a
// credential there would change what the request is.
func isFramingHeader(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Content-Type", "Content-Encoding", "Te", "Trailer", "Upgrade", "Expect":
		return true
	}
	return false
}

func (r *Rule) validate() error {
	if r.Pointer == "" && (len(r.Equals) > 0 || len(r.NotEquals) > 0 || r.Exists) {
		return errors.New("a condition on a value needs a pointer")
	}
	if r.Pointer != "" && (!pointerPattern.MatchString(r.Pointer) || strings.Contains(r.Pointer+"/", "/*/")) {
		return fmt.Errorf("the pointer %q must be a JSON pointer without '*'", r.Pointer)
	}
	if r.Pointer == "" && len(r.Status) == 0 {
		return errors.New("give a status or a pointer")
	}
	if r.Pointer != "" && len(r.Equals) == 0 && len(r.NotEquals) == 0 && !r.Exists {
		return errors.New("say what the value at the pointer must be")
	}
	verdicts := []Verdict{Answer, BadCredential, QuotaExceeded, RateLimited, BadRequest, UnknownNumber, ProviderError}
	if !slices.Contains(verdicts, r.Verdict) {
		return fmt.Errorf("unknown verdict %q: use one of %v", r.Verdict, verdicts)
	}
	return nil
}

// routes lists the method and paths under which callers reach the operation.
func (op *Operation) routes() []string {
	routes := []string{op.Method + " " + op.Path}
	for _, alias := range op.Aliases {
		routes = append(routes, op.Method+" "+alias)
	}
	if op.AlsoPost {
		for _, route := range routes {
			routes = append(routes, strings.Replace(route, http.MethodGet, http.MethodPost, 1))
		}
	}
	return routes
}
