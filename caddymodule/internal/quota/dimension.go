package quota

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Dimension says what a rule counts by: one of the simple dimensions below, or
// several joined by "+" in their canonical order, such as "caller+number".
type Dimension string

// The simple dimensions, in their canonical order.
const (
	ByIP       Dimension = "ip"       // the client's address, from KeyForIP
	ByCaller   Dimension = "caller"   // the caller's name in the config
	BySession  Dimension = "session"  // the caller's own user, or a digest of what names them
	ByNumber   Dimension = "number"   // the pseudonym of a number
	ByBlock    Dimension = "block"    // the pseudonym of a number's first digits
	ByProvider Dimension = "provider" // the provider's name
)

const simpleCount = 6

// Dimensions lists the simple dimensions in their canonical order.
func Dimensions() []Dimension {
	return []Dimension{ByIP, ByCaller, BySession, ByNumber, ByBlock, ByProvider}
}

// ParseDimension reads a dimension, with the parts of a combination in any
// order, and returns it in canonical order.
func ParseDimension(text string) (Dimension, error) {
	set, err := parseSet(text)
	if err != nil {
		return "", err
	}
	return set.dimension(), nil
}

// dimensionSet has a bit for each simple dimension, the lowest for the first.
type dimensionSet uint8

func parseSet(text string) (dimensionSet, error) {
	var set dimensionSet
	for part := range strings.SplitSeq(text, "+") {
		i := slices.Index(Dimensions(), Dimension(part))
		if i < 0 {
			return 0, fmt.Errorf("unknown dimension %q: use ip, caller, session, number, block, provider, or several joined by +", text)
		}
		if set&(1<<i) != 0 {
			return 0, fmt.Errorf("dimension %q names %s twice", text, part)
		}
		set |= 1 << i
	}
	return set, nil
}

func (s dimensionSet) isSimple() bool { return bits.OnesCount8(uint8(s)) == 1 }

func (s dimensionSet) dimension() Dimension {
	var parts []string
	for i, d := range Dimensions() {
		if s&(1<<i) != 0 {
			parts = append(parts, string(d))
		}
	}
	return Dimension(strings.Join(parts, "+"))
}

// Keys are what one request is counted under, one key for each simple
// dimension. Each is an opaque text of up to 256 bytes; Number and Block must be
// pseudonyms. A key that no rule needs may stay empty; see [Limiter.Needs].
type Keys struct {
	IP, Caller, Session, Number, Block, Provider string
}

// ErrInvalidKey means that a key is empty, too long, or a number in clear. The
// request must be refused.
var ErrInvalidKey = errors.New("key is not fit for a counter")

const maxKeyLength = 256

// of returns the key for a set of dimensions: the simple key itself, or the
// keys of a combination with their lengths, so that no two combinations of keys
// give the same.
func (k *Keys) of(set dimensionSet) (string, error) {
	values := [simpleCount]string{k.IP, k.Caller, k.Session, k.Number, k.Block, k.Provider}
	if set.isSimple() {
		return checkedKey(set, values[bits.TrailingZeros8(uint8(set))])
	}
	joined := make([]byte, 0, 128) // on the stack; longer keys are rare
	for i, value := range values {
		if set&(1<<i) == 0 {
			continue
		}
		if _, err := checkedKey(1<<i, value); err != nil {
			return "", err
		}
		joined = strconv.AppendInt(joined, int64(len(value)), 10)
		joined = append(joined, ':')
		joined = append(joined, value...)
	}
	return string(joined), nil
}

// pseudonymous are the dimensions whose keys would be numbers in clear if the
// caller forgot to make pseudonyms of them.
const pseudonymous dimensionSet = 1<<3 | 1<<4

func checkedKey(simple dimensionSet, key string) (string, error) {
	if key == "" || len(key) > maxKeyLength || (simple&pseudonymous != 0 && isClearNumber(key)) {
		return "", fmt.Errorf("counting by %s: %w", simple.dimension(), ErrInvalidKey)
	}
	return key, nil
}

// isClearNumber reports whether key reads as a phone number. A pseudonym names
// its key, so it never does.
func isClearNumber(key string) bool {
	return strings.Trim(key, "+0123456789 -().") == ""
}
