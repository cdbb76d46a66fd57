package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// validateTwilio holds an answer or an error against Twilio's own description of
// its API. An error is held against the one schema that Twilio has for errors,
// whatever the path.
func validateTwilio(t testing.TB, method, path string, status int, body []byte) {
	t.Helper()
	if err := checkTwilio(method, path, status, body); err != nil {
		t.Errorf("%s %s, status %d: not as Twilio describes it: %v", method, path, status, err)
	}
}

func checkTwilio(method, path string, status int, body []byte) error {
	schema, err := twilioSchema(method, path, status)
	if err != nil {
		return err
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Errorf("decoding: %w", err)
	}
	return schema.VisitJSON(value, openapi3.MultiErrors())
}

// twilioErrors is an operation that describes its errors. Lookups do not.
const twilioErrors = "/v2/RateLimits"

func twilioSchema(method, path string, status int) (*openapi3.Schema, error) {
	spec, err := twilioSpec()
	if err != nil {
		return nil, err
	}
	if status >= 400 {
		method, path, status = "GET", twilioErrors, 400
	}
	path, _, _ = strings.Cut(path, "?")
	for template, item := range spec.Paths.Map() {
		operation := item.GetOperation(method)
		if operation == nil || !templatePattern(template).MatchString(path) {
			continue
		}
		if response := operation.Responses.Status(status); response != nil {
			return response.Value.Content.Get("application/json").Schema.Value, nil
		}
	}
	return nil, errors.New("no such operation and status is described")
}

// templatePattern matches the paths of a template such as /v2/Jobs/{JobSid}.
func templatePattern(template string) *regexp.Regexp {
	parts := regexp.MustCompile(`\{[^}]+\}`).Split(template, -1)
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^" + strings.Join(parts, "[^/]+") + "$")
}

// twilioSpec reads Twilio's description. Its schemas are changed in two ways:
// null is allowed everywhere, as in the examples that the description itself
// gives, and what it does not describe is refused.
var twilioSpec = sync.OnceValues(func() (*openapi3.T, error) {
	text, err := os.ReadFile("testdata/twilio_lookups_v2.json")
	if err != nil {
		return nil, err
	}
	spec, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	for _, schema := range spec.Components.Schemas {
		schema.Value.Nullable = true
		if len(schema.Value.Properties) == 0 {
			continue // phone_number_quality_score and pre_fill are not described
		}
		schema.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: new(bool)}
		for _, property := range schema.Value.Properties {
			property.Value.Nullable = true
		}
	}
	return spec, nil
})

func TestTwilioAcceptsItsOwnExamples(t *testing.T) {
	spec, err := twilioSpec()
	if err != nil {
		t.Fatal(err)
	}
	const path = "/v2/PhoneNumbers/{PhoneNumber}"
	examples := spec.Paths.Value(path).Get.Responses.Status(200).Value.Content.Get("application/json").Examples
	if len(examples) < 10 {
		t.Fatalf("only %d examples", len(examples))
	}
	for _, example := range examples {
		body, err := json.Marshal(example.Value.Value)
		if err != nil {
			t.Fatal(err)
		}
		validateTwilio(t, "GET", path, 200, body)
	}
}

func TestWhatTwilioDoesNotDescribeIsFound(t *testing.T) {
	const lookup, batch = "/v2/PhoneNumbers/+14159929960", "/v2/batch/query"
	for _, tt := range []struct {
		name, method, path string
		status             int
		body               string
	}{
		{"wrong type", "GET", lookup, 200, `{"valid":"true"}`},
		{"unknown field", "GET", lookup, 200, `{"valid":true,"owner":"x"}`},
		{"unknown field below", "GET", lookup, 200, `{"sim_swap":{"owner":"x"}}`},
		{"unknown word", "GET", lookup, 200, `{"validation_errors":["ODD"]}`},
		{"not JSON", "GET", lookup, 200, `<html>`},
		{"array", "GET", lookup, 200, `[]`},
		{"element of a batch", "POST", batch, 200, `{"phone_numbers":[{"valid":1}]}`},
		{"code of an error", "GET", lookup, 404, `{"code":"20404"}`},
		{"unknown path", "GET", "/v2/Numbers", 200, `{}`},
		{"unknown method", "PATCH", lookup, 200, `{}`},
	} {
		if checkTwilio(tt.method, tt.path, tt.status, []byte(tt.body)) == nil {
			t.Errorf("%s: it passes", tt.name)
		}
	}
}

// TestTwilioSamplesAreAsTwilioDescribesThem keeps the samples honest, on which
// the other tests of the presets lean.
func TestTwilioSamplesAreAsTwilioDescribesThem(t *testing.T) {
	files, err := filepath.Glob("testdata/providers/twilio-*/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var sample struct {
			Request struct{ Method, Target string }
			Answer  struct {
				Status int
				Body   json.RawMessage
			}
		}
		if err := json.Unmarshal(text, &sample); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if sample.Answer.Status < 400 && strings.HasPrefix(sample.Request.Target, "/v1/") {
			continue // the description is of v2
		}
		t.Run(strings.TrimPrefix(file, "testdata/providers/"), func(t *testing.T) {
			validateTwilio(t, sample.Request.Method, sample.Request.Target, sample.Answer.Status, sample.Answer.Body)
		})
	}
}

func TestErrorsForTwilioClientsAreAsTwilioDescribesThem(t *testing.T) {
	for _, name := range []string{"twilio-v2", "twilio-v1"} {
		p, err := provider.Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		for reason := range publicProblems {
			status, body := renderProblem(p, "the-id", &problem{reason: reason})
			validateTwilio(t, "GET", p.Operations[0].Path, status, body)
			var rendered struct {
				Code, Status int
				Message      string
			}
			if err := json.Unmarshal(body, &rendered); err != nil || rendered.Status != status || rendered.Code == 0 || rendered.Message == "" {
				t.Errorf("%s, %s: got %s", name, reason, body)
			}
		}
	}
}
