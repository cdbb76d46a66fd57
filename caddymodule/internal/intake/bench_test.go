package intake

import (
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func BenchmarkBody(b *testing.B) {
	benchmark(b, bodyForm(), jsonMessage(`{"phone":"(415) 858-6273","deep":true}`))
}

func BenchmarkPathAndQuery(b *testing.B) {
	form := mustCompile(&provider.Operation{
		Method: "GET", Path: "/v2/{number}/info",
		Number: &provider.NumberSlot{In: provider.InPath, Format: provider.FormatE164},
		Params: []provider.Param{{Name: "lang", In: provider.InQuery, Kind: provider.KindString}},
	}, Options{})
	benchmark(b, form, Message{Method: "GET", PathNumber: "+14158586273", RawQuery: "lang=en"})
}

func benchmark(b *testing.B, form *Form, m Message) {
	numbers := []string{"+14158586273"}
	b.ReportAllocs()
	for b.Loop() {
		in, err := form.Read(m)
		if err != nil {
			b.Fatal(err)
		}
		form.Write(in, numbers)
	}
}
