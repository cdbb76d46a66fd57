package caddymodule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ringward/ringward/caddymodule/internal/demo"
	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// presetSample is a fixture: a documented answer of a provider, and the request
// that leads to it.
type presetSample struct {
	name string

	// Source says where the sample is documented, and what of it is made up.
	Source string `json:"source"`

	// Route are options that the route needs.
	Route []string `json:"route"`

	// Request is what the vendor's client sends, but for the credential.
	Request struct {
		Method string          `json:"method"`
		Target string          `json:"target"`
		Body   json.RawMessage `json:"body"`
		Form   string          `json:"form"`
	} `json:"request"`

	// Answer is what the provider answers.
	Answer struct {
		Status      int             `json:"status"`
		ContentType string          `json:"content_type"`
		Body        json.RawMessage `json:"body"`
		Text        string          `json:"text"`
	} `json:"answer"`
}

// body is the answer's body as the provider sends it.
func (p *presetSample) body() string {
	if p.Answer.Text != "" || p.Answer.Body == nil {
		return p.Answer.Text
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, p.Answer.Body); err != nil {
		panic(err) // it was decoded from a JSON text
	}
	return compact.String()
}

// presetSamples reads the fixtures of a preset.
func presetSamples(t *testing.T, preset string) []*presetSample {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "providers", preset, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples of %s: %v", preset, err)
	}
	var samples []*presetSample
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := &presetSample{name: strings.TrimSuffix(filepath.Base(file), ".json")}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields()
		if err := dec.Decode(s); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if s.Source == "" || s.Request.Method == "" || s.Answer.Status == 0 {
			t.Fatalf("%s: source, request and answer are needed", file)
		}
		samples = append(samples, s)
	}
	return samples
}

// releases are what callers may see, by the caller's name.
func releases() map[string][]provider.Class {
	all := map[string][]provider.Class{"minimal": provider.DefaultRelease(), "full": provider.Classes()}
	for _, class := range provider.Classes() {
		all["only_"+string(class)] = []provider.Class{class}
	}
	return all
}

// presetStage is a stage with two routes for every sample, one of which gives
// unified answers.
type presetStage struct {
	*stage
	keys  map[string]string // by caller
	ports map[string]string // by sample, and by sample with " unified"

	schema *jsonschema.Schema // of unified answers
}

const presetSite = `http://:%s {
	bind 127.0.0.1
	ringward %s {
		upstream %s
		ca %s/ca.pem
		credential vault secret/phone/provider %s
		%s
	}
}
`

func newPresetStage(t *testing.T, preset string, samples []*presetSample) *presetStage {
	t.Helper()
	p := &presetStage{stage: newStage(t, preset), keys: make(map[string]string), ports: make(map[string]string)}
	resolved, err := provider.Preset(preset)
	if err != nil {
		t.Fatal(err)
	}
	var app, sites strings.Builder
	for name, classes := range releases() {
		key, digest := newCaller(t)
		p.keys[name] = key
		fmt.Fprintf(&app, "caller as_%s {\n key %s\n release %s\n }\n", name, digest, words(classes))
	}
	for _, sample := range samples {
		options := slices.Clone(sample.Route)
		for _, placement := range resolved.Placements {
			if placement.In == provider.InOAuth2 {
				_, path, _ := strings.Cut(strings.TrimPrefix(placement.TokenURL, "https://"), "/")
				options = append(options, "token_url "+p.Upstream+"/"+path)
			}
		}
		variants := map[string][]string{sample.name: options}
		if hasUnified(resolved) {
			variants[sample.name+" unified"] = append(slices.Clone(options), "answer unified")
		}
		for name, lines := range variants {
			port := p.unusedPort()
			p.ports[name] = port
			fmt.Fprintf(&sites, presetSite, port, preset, p.Upstream, p.Dir, strings.Join(resolved.SecretNames(), " "), strings.Join(lines, "\n\t\t"))
		}
	}
	p.schema = unifiedSchema(t)
	p.App, p.Sites = app.String(), sites.String()
	p.start()
	return p
}

// unusedPort is freePort for several sites of one config.
func (p *presetStage) unusedPort() string {
	for {
		port := freePort(p.t)
		if port != p.Port && !slices.Contains(slices.Collect(maps.Values(p.ports)), port) {
			return port
		}
	}
}

// unifiedSchema compiles the schema that docs/unified.schema.json publishes.
func unifiedSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(docText(t, "docs/unified.schema.json")))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("unified.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("unified.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func (p *presetStage) checkUnified(t *testing.T, body string) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err == nil {
		err = p.schema.Validate(value)
	}
	if err != nil {
		t.Errorf("the unified answer %s: %v", body, err)
	}
	// What is called E.164 is, unless the provider itself says that it is wrong.
	for _, number := range e164InValid.FindAllStringSubmatch(body, -1) {
		if parsed, err := phonenumbers.Parse(number[1], ""); err != nil || !phonenumbers.IsPossibleNumber(parsed) {
			t.Errorf("the unified answer %s: %s is no number", body, number[1])
		}
	}
}

var e164InValid = regexp.MustCompile(`"valid":true,"e164":"([^"]*)"`)

func words(classes []provider.Class) string {
	texts := make([]string, len(classes))
	for i, c := range classes {
		texts[i] = string(c)
	}
	return strings.Join(texts, " ")
}

func hasUnified(p *provider.Provider) bool {
	return slices.ContainsFunc(p.Operations, func(op provider.Operation) bool { return len(op.Unified) > 0 })
}

// ask sends a sample's request in the name of a caller.
func (p *presetStage) ask(sample *presetSample, variant, caller string) reply {
	p.t.Helper()
	return p.do(p.sampleRequest(sample, variant, caller))
}

// askWith is ask for a caller with every data class, with something added.
func (p *presetStage) askWith(sample *presetSample, change func(header func(name, value string), query url.Values)) reply {
	p.t.Helper()
	req := p.sampleRequest(sample, sample.name, "full")
	added := url.Values{}
	change(func(name, value string) { req.Header[name] = append(req.Header[name], value) }, added)
	if len(added) > 0 {
		if req.URL.RawQuery != "" {
			req.URL.RawQuery += "&"
		}
		req.URL.RawQuery += added.Encode()
	}
	return p.do(req)
}

func (p *presetStage) sampleRequest(sample *presetSample, variant, caller string) *http.Request {
	p.t.Helper()
	body, contentType := string(sample.Request.Body), "application/json"
	if body == "null" {
		body = ""
	}
	if sample.Request.Form != "" {
		body, contentType = sample.Request.Form, "application/x-www-form-urlencoded"
	}
	key := p.keys[caller]
	req := p.request(sample.Request.Method, strings.ReplaceAll(sample.Request.Target, provider.KeySegment, key), body, "X-API-Key", key)
	req.URL.Host = "127.0.0.1:" + p.ports[variant]
	req.Host = req.URL.Host
	if body != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return req
}

// TestPresets takes every sample of every preset through the whole walk, and
// compares what each release gives with the golden file beside the sample;
// with -update it writes them.
func TestPresets(t *testing.T) {
	for _, preset := range provider.Names() {
		t.Run(preset, func(t *testing.T) { testPreset(t, preset) })
	}
}

func testPreset(t *testing.T, preset string) {
	samples := presetSamples(t, preset)
	p := newPresetStage(t, preset, samples)
	seen := newFieldsSeen(p.preset(t))
	for _, sample := range samples {
		t.Run(sample.name, func(t *testing.T) {
			golden := p.walk(t, sample, seen)
			file := filepath.Join("testdata", "providers", preset, sample.name+".golden")
			if *update {
				if err := os.WriteFile(file, golden, 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(golden, want) {
				t.Errorf("got:\n%s\nwant:\n%s", golden, want)
			}
		})
	}
	seen.check(t)
}

func (p *presetStage) preset(t *testing.T) *provider.Provider {
	t.Helper()
	preset, err := provider.Preset(p.Preset)
	if err != nil {
		t.Fatal(err)
	}
	return preset
}

// walk asks for a sample in the name of every caller.
func (p *presetStage) walk(t *testing.T, sample *presetSample, seen *fieldsSeen) []byte {
	t.Helper()
	p.provider.Reset()
	p.ask(sample, sample.name, "full") // fetches a token where one is needed
	p.provider.SetFault(demo.Fault{
		Sticky: true, Status: sample.Answer.Status, Body: sample.body() + " ",
		Header: http.Header{"Content-Type": {sample.Answer.ContentType}},
	})
	p.record.Reset()
	golden := goldenFile{}
	for _, caller := range slices.Sorted(maps.Keys(p.keys)) {
		got := p.ask(sample, sample.name, caller)
		golden.add(caller, got)
		if got.status == http.StatusOK {
			seen.holdAgainstRelease(t, p.entry(got).Operation, caller, got.body)
		}
		checkHeaders(t, got)
		if p.Preset == "twilio-v2" {
			path, _, _ := strings.Cut(sample.Request.Target, "?")
			validateTwilio(t, sample.Request.Method, path, got.status, []byte(got.body))
		}
	}
	golden.upstream = p.upstream(t)
	if port := p.ports[sample.name+" unified"]; port != "" {
		p.provider.Reset()
		p.ask(sample, sample.name+" unified", "full")
		p.provider.SetFault(demo.Fault{
			Sticky: true, Status: sample.Answer.Status, Body: sample.body() + " ",
			Header: http.Header{"Content-Type": {sample.Answer.ContentType}},
		})
		for _, caller := range []string{"minimal", "full"} {
			got := p.ask(sample, sample.name+" unified", caller)
			golden.add("unified "+caller, got)
			if got.status == http.StatusOK {
				p.checkUnified(t, got.body)
			}
		}
	}
	seen.answer(t, sample)
	return golden.text(t)
}
