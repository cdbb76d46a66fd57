package unify

import (
	"bytes"
	"encoding/json"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// Schema is the JSON Schema (draft 2020-12) of unified answers.
func Schema() []byte {
	properties := make(map[string]any)
	for _, d := range provider.UnifiedFields() {
		properties[string(d.Field)] = describe(d)
	}
	number := map[string]any{
		"description":          "What is known of one number. Fields that the provider does not tell, or that the caller may not see, are left out.",
		"type":                 "object",
		"properties":           properties,
		"additionalProperties": false,
	}
	schema := map[string]any{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"title":       "Ringward's unified answer",
		"description": "An answer on a route with `answer unified`: of one number, or of a batch.",
		"oneOf": []any{
			map[string]any{"$ref": "#/$defs/number"},
			map[string]any{
				"description":          "Answers of a batch, one for each number.",
				"type":                 "object",
				"properties":           map[string]any{"results": map[string]any{"type": "array", "items": map[string]any{"$ref": "#/$defs/number"}}},
				"required":             []string{"results"},
				"additionalProperties": false,
			},
		},
		"$defs": map[string]any{"number": number},
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(schema); err != nil {
		panic("unify: encoding the schema: " + err.Error()) // maps of texts
	}
	return text.Bytes()
}

// describe is the schema of one field. Its data class is what a caller needs to
// see it.
func describe(d provider.UnifiedDescription) map[string]any {
	schema := map[string]any{"description": "Data class: " + string(d.Class) + "."}
	switch d.Kind {
	case provider.UnifiedEnum:
		schema["enum"] = d.Enum
	case provider.UnifiedText:
		schema["type"], schema["minLength"] = "string", 1
		switch d.Field {
		case provider.UnifiedE164:
			schema["pattern"] = `^\+[0-9]+$`
		case provider.UnifiedCountry:
			schema["pattern"] = `^[A-Z]{2}$`
		}
	default:
		schema["type"] = string(d.Kind)
	}
	return schema
}
