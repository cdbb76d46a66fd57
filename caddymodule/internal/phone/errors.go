package phone

import "errors"

// The reasons for which a number is refused. The texts are fixed, say what to
// change, and are safe to show to the caller: none of them holds the input.
var (
	// ErrSyntax: the text is not written as a number.
	ErrSyntax = errors.New(`write the number with the digits 0-9, at most one "+" in front, and only spaces, "-", ".", "/" and pairs of parentheses between them; in a URL, "+" is written %2B`)

	// ErrTooLong: the text is longer than MaxInput bytes.
	ErrTooLong = errors.New("send at most 32 characters as the number")

	// ErrNeedsRegion: the number is in national form without a region, or the
	// request names a region that does not exist.
	ErrNeedsRegion = errors.New(`send the number in international form with "+" and the country calling code, or name its ISO 3166-1 alpha-2 region`)

	// ErrNotPossible: no number looks like this.
	ErrNotPossible = errors.New("check the country calling code and the count of digits: no number has this form")

	// ErrNotValid: the form is possible, but the range is not in use.
	ErrNotValid = errors.New("check the digits: the number is in no range that is in use")

	// ErrRegion: the policy does not allow the number's region.
	ErrRegion = errors.New("send numbers of the allowed regions only: this number belongs to another one")

	// ErrType: the policy does not allow the number's type.
	ErrType = errors.New("send numbers of the allowed types only: this number is of another type")
)
