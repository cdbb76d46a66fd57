package phone

// MaxInput bounds the text of a number in bytes.
const MaxInput = 32

// minDigits is the least count of digits that is looked at any further. The
// library would go on with two.
const minDigits = 4

// written is a number as it stood in the text: its digits, without separators.
type written struct {
	buf  [MaxInput]byte
	n    int
	plus bool
}

func (w *written) digits() []byte { return w.buf[:w.n] }

// scan reads the text of a number. It takes ASCII digits, one "+" in front,
// separators between digits, and pairs of parentheses around digits; anything
// else (letters, extensions, "tel:", other scripts' digits, marks of writing
// direction, NUL) is refused, not skipped. A space in front is refused as well:
// it is what an unescaped "+" of a query becomes, and without its "+" the number
// would be somebody else's.
func (w *written) scan(raw string) error {
	if len(raw) > MaxInput {
		return ErrTooLong
	}
	w.n, w.plus = 0, false
	if raw != "" && raw[0] == '+' {
		w.plus = true
		raw = raw[1:]
	}
	open := -1 // count of digits before the parenthesis that is open
	for i := range len(raw) {
		switch c := raw[i]; {
		case isDigit(c):
			w.buf[w.n] = c
			w.n++
		case c == '(' && open < 0:
			open = w.n
		case c == ')' && open >= 0 && w.n > open:
			open = -1
		case isSeparator(c) && i > 0:
		default:
			return ErrSyntax
		}
	}
	if raw == "" || open >= 0 || !isDigit(raw[len(raw)-1]) {
		return ErrSyntax
	}
	if w.n < minDigits {
		return ErrNotPossible
	}
	return nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isSeparator(c byte) bool { return c == ' ' || c == '-' || c == '.' || c == '/' }
