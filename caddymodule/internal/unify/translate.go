package unify

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// appendTo appends the JSON of a scalar as the unified field has it, and
// nothing where it says nothing: null, an empty text, or what the field cannot
// be.
func (s *source) appendTo(dst []byte, d *provider.UnifiedDescription, raw []byte, unquote func([]byte) []byte) []byte {
	text, isString := raw, raw[0] == '"'
	if isString {
		text = bytes.TrimSpace(unquote(raw))
	}
	if len(text) == 0 || (!isString && text[0] == 'n') {
		return dst
	}
	value, translated := s.values[string(text)]
	switch d.Kind {
	case provider.UnifiedBoolean:
		return appendBoolean(dst, text, value, translated, isString)
	case provider.UnifiedEnum:
		return quote(dst, oneOf(d, text, value, translated, len(s.values) == 0))
	case provider.UnifiedNumber:
		if isString || text[0] == 't' || text[0] == 'f' {
			return dst
		}
		return append(dst, text...)
	default:
		if !isString && (text[0] == 't' || text[0] == 'f') && !translated {
			return dst
		}
		if !translated {
			value = string(text)
		}
		if value == "" {
			return dst
		}
		return appendText(dst, d.Field, value)
	}
}

// appendBoolean takes JSON's booleans as they are and other texts as the
// mapping translates them.
func appendBoolean(dst, text []byte, value string, translated, isString bool) []byte {
	switch {
	case translated:
		return append(dst, value...) // "true" or "false": the presets are checked
	case !isString && (text[0] == 't' || text[0] == 'f'):
		return append(dst, text...)
	default:
		return dst
	}
}

// oneOf is a value of an enum. What the mapping does not know is "other" for
// line types and "unknown" elsewhere.
func oneOf(d *provider.UnifiedDescription, text []byte, value string, translated, asIs bool) string {
	switch {
	case translated:
		return value
	case asIs && slices.Contains(d.Enum, string(text)):
		return string(text)
	case d.Field == provider.UnifiedLineType:
		return "other"
	default:
		return "unknown"
	}
}

func appendText(dst []byte, field provider.UnifiedField, value string) []byte {
	switch field {
	case provider.UnifiedE164:
		if !strings.HasPrefix(value, "+") {
			value = "+" + value
		}
		if len(value) == 1 || strings.Trim(value[1:], "0123456789") != "" {
			return dst
		}
	case provider.UnifiedCountry:
		value = strings.ToUpper(value)
		if len(value) != 2 || strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return dst
		}
	case provider.UnifiedRiskLevel:
		value = strings.ToLower(value)
	}
	return quote(dst, value)
}

// quote appends a JSON string. The projection was valid UTF-8, the only thing
// that AppendQuote can fail for.
func quote(dst []byte, text string) []byte {
	out, err := jsontext.AppendQuote(dst, text)
	if err != nil {
		return dst
	}
	return out
}
