package intake

import (
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func TestEveryPresetCompiles(t *testing.T) {
	for _, name := range provider.Names() {
		t.Run(name, func(t *testing.T) {
			p, err := provider.Preset(name)
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for i := range p.Operations {
				op := &p.Operations[i]
				for _, param := range op.Params {
					if param.OptIn {
						all = append(all, param.Name)
					}
				}
				f, err := Compile(op, Options{Discard: p.Discard})
				if err != nil {
					t.Errorf("%s: %v", op.Name, err)
					continue
				}
				if op.Number == nil {
					continue
				}
				in, err := f.ReadUnified(jsonMessage(`{"number":"1"}`))
				if err != nil {
					t.Errorf("%s: %v", op.Name, err)
					continue
				}
				f.Write(in, plusOnes(in))
			}
			if err := CheckAllowed(p, all); err != nil {
				t.Error(err)
			}
		})
	}
}
