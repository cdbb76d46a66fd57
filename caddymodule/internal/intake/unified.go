package intake

import (
	"net/http"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// unifiedOperation is how every operation with a number can be asked alike:
// {"number":"+14158586273","region":"US"}, the region being optional.
var unifiedOperation = provider.Operation{
	Name:   "unified",
	Method: http.MethodPost,
	Path:   "/",
	Number: &provider.NumberSlot{In: provider.InJSON, Name: "number", RegionParam: "region"},
}

// ReadUnified checks a unified request. Write makes the provider's request of
// it, with what the route sets; a batch has one number then.
func (f *Form) ReadUnified(m Message) (*Input, error) {
	if f.unified == nil {
		return nil, invalid("this operation takes no number")
	}
	asked, err := f.unified.Read(m)
	if err != nil {
		return nil, err
	}
	in := f.start()
	in.Numbers, in.body = asked.Numbers, f.single
	return in, nil
}
