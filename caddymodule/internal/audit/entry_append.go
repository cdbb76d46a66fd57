package audit

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

func appendText(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	// The error only says that the text was not UTF-8; it has been repaired.
	dst, _ = jsontext.AppendQuote(dst, value)
	return dst
}

func appendOptionalText(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return appendText(dst, name, value)
}

func appendInt(dst []byte, name string, value int64) []byte {
	return strconv.AppendInt(append(dst, name...), value, 10)
}

func appendOptionalInt(dst []byte, name string, value int64) []byte {
	if value == 0 {
		return dst
	}
	return appendInt(dst, name, value)
}

func appendTexts(dst []byte, name string, values []string) []byte {
	if len(values) == 0 {
		return dst
	}
	dst = append(dst, name...)
	separator := "["
	for _, value := range values {
		dst = appendText(dst, separator, value)
		separator = ","
	}
	return append(dst, ']')
}

func appendNumbers(dst []byte, name string, numbers []NumberRef) []byte {
	if len(numbers) == 0 {
		return dst
	}
	dst = append(dst, name...)
	separator := `[{"pseudonym":`
	for _, number := range numbers {
		dst = appendText(dst, separator, number.Pseudonym)
		dst = appendOptionalText(dst, `,"region":`, number.Region)
		dst = append(dst, '}')
		separator = `,{"pseudonym":`
	}
	return append(dst, ']')
}

func appendLimits(dst []byte, name string, limits []LimitState) []byte {
	if len(limits) == 0 {
		return dst
	}
	dst = append(dst, name...)
	separator := `[{"name":`
	for _, limit := range limits[:min(len(limits), MaxLimits)] {
		dst = appendText(dst, separator, limit.Name)
		dst = appendInt(dst, `,"window_s":`, int64(limit.Window/time.Second))
		dst = appendInt(dst, `,"limit":`, limit.Limit)
		dst = appendInt(dst, `,"remaining":`, limit.Remaining)
		dst = append(dst, '}')
		separator = `,{"name":`
	}
	return append(dst, ']')
}

// appendAddr writes an address without building a string first. A zone is text
// that a peer can choose, so it is left out.
func appendAddr(dst []byte, name string, addr netip.Addr) []byte {
	if !addr.IsValid() {
		return dst
	}
	dst = append(append(dst, name...), '"')
	return append(addr.WithZone("").AppendTo(dst), '"')
}
