package intake

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// Bounds of a request. They are far above what any provider documents.
const (
	MaxQueryBytes = 2 << 10 // also of a form in the body
	MaxBodyBytes  = 8 << 10 // of a body that is no batch

	maxParams      = 32 // in query and form together
	maxNumberBytes = 256
)

// What a number may add to the body of a batch, in bytes.
const (
	bytesPerNumber = 64      // a number alone
	bytesPerAsked  = 1 << 10 // a number with parameters of its own
)

// Message is the part of a caller's request that may hold parameters.
type Message struct {
	// Method is the HTTP method. It matters to operations that are asked with
	// GET and take POST as well.
	Method string

	// PathNumber is the path segment in which the number stands, still
	// percent-encoded; empty where the operation has none.
	PathNumber string

	// RawQuery is the query string.
	RawQuery string

	// Header is consulted for Content-Type and Content-Encoding only.
	Header http.Header

	// Body is the whole body. The caller has bounded it to MaxBody()+1.
	Body []byte
}

// MaxBody is how many bytes the body of a request may have.
func (f *Form) MaxBody() int {
	switch {
	case !f.number.Batch():
		return MaxBodyBytes
	case strings.HasSuffix(f.number.Name, "/*"):
		return MaxBodyBytes + f.number.Max*bytesPerNumber
	default:
		return MaxBodyBytes + f.number.Max*bytesPerAsked
	}
}

// Read checks a request against the form. Its errors are *Error.
func (f *Form) Read(m Message) (*Input, error) {
	in := f.start()
	if f.numberIn(provider.InPath) {
		number, err := url.PathUnescape(m.PathNumber)
		if err != nil || !utf8.ValidString(number) {
			return nil, invalid("the number in the path is not encoded well")
		}
		if err := in.addNumber(number); err != nil {
			return nil, err
		}
	}
	pairs := pairReader{in: in}
	if err := pairs.read(m.RawQuery); err != nil {
		return nil, err
	}
	if err := f.readBody(in, &pairs, m); err != nil {
		return nil, err
	}
	if f.number != nil && len(in.Numbers) == 0 {
		return nil, invalid("the number is missing; send it as " + f.numberName())
	}
	if in.region != "" {
		in.Numbers[0].Region = in.region
	}
	return in, nil
}

func (f *Form) numberName() string {
	if f.number.In == provider.InPath {
		return "the last part of the path"
	}
	return string(f.number.In) + " parameter " + f.number.Name
}

func (f *Form) readBody(in *Input, pairs *pairReader, m Message) error {
	switch {
	case len(m.Body) > f.MaxBody():
		return tooLarge("the body is too large")
	case f.root != nil:
		return f.readJSONBody(in, m)
	case len(m.Body) == 0:
		return nil
	case !f.op.AlsoPost || m.Method != http.MethodPost:
		return invalid("this operation takes no body")
	case !isMedia(m.Header, "application/x-www-form-urlencoded"):
		return unsupported("send the body as Content-Type: application/x-www-form-urlencoded, in UTF-8 and not compressed")
	default:
		return pairs.read(string(m.Body))
	}
}

// readJSONBody takes no body at all for an empty object where nothing in the
// body is required.
func (f *Form) readJSONBody(in *Input, m Message) error {
	if len(m.Body) == 0 && !f.numberIn(provider.InJSON) {
		in.body, _ = f.root.prefilled(false)
		return nil
	}
	if !isMedia(m.Header, "application/json") {
		return unsupported("send the body as Content-Type: application/json, in UTF-8 and not compressed")
	}
	return f.readJSON(in, m.Body)
}

// isMedia accepts a media type in UTF-8 without a content encoding.
func isMedia(h http.Header, want string) bool {
	if len(h["Content-Encoding"]) > 0 || len(h["Content-Type"]) != 1 {
		return false
	}
	contentType := h["Content-Type"][0]
	if contentType == want {
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != want {
		return false
	}
	charset, ok := params["charset"]
	return !ok || strings.EqualFold(charset, "utf-8")
}

func unsupported(detail string) error {
	return &Error{Reason: provider.ReasonUnsupportedMedia, Detail: detail}
}
