package minimize

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// ErrUnreadable is wrapped by every error of Apply. These errors are fixed
// texts: jsontext's own errors hold offsets and names of the answer and are
// never wrapped.
var ErrUnreadable = errors.New("the provider's answer cannot be read")

// What made an answer unreadable.
var (
	ErrEmpty         = fmt.Errorf("%w: it is empty", ErrUnreadable)
	ErrSyntax        = fmt.Errorf("%w: it is not one strict JSON value in UTF-8", ErrUnreadable)
	ErrTopLevel      = fmt.Errorf("%w: it is neither an object nor an array", ErrUnreadable)
	ErrDuplicateName = fmt.Errorf("%w: an object has two members of one name", ErrUnreadable)
	ErrTooDeep       = fmt.Errorf("%w: it is nested too deep", ErrUnreadable)
	ErrTooLarge      = fmt.Errorf("%w: it is too large", ErrUnreadable)
	ErrTooManyValues = fmt.Errorf("%w: it has too many values", ErrUnreadable)
	ErrLongScalar    = fmt.Errorf("%w: a released value is too long", ErrUnreadable)
)

// What Compile finds wrong in a release or in a provider's description. These
// errors name the pointer or class from the config.
var (
	ErrUnknownClass = errors.New("unknown data class")
	ErrPointer      = errors.New("not a usable JSON pointer")
	ErrNever        = errors.New("a field that is never released")
	ErrUndocumented = errors.New("not a documented field")
)

// unreadable turns an error of jsontext into one of ours.
func unreadable(err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return ErrDuplicateName
	}
	return ErrSyntax
}
