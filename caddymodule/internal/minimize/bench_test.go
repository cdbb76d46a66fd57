package minimize

import (
	"bytes"
	"io"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func BenchmarkApply(b *testing.B) {
	for _, bench := range []struct {
		name    string
		preset  string
		op      string
		body    string
		release []provider.Class
	}{
		{"checkthatphone/default", "checkthatphone", "lookup", checkThatPhoneAnswer, provider.DefaultRelease()},
		{"checkthatphone/everything", "checkthatphone", "lookup", checkThatPhoneAnswer, provider.Classes()},
		{"numverify/default", "numverify", "validate", numverifyAnswer, provider.DefaultRelease()},
	} {
		b.Run(bench.name, func(b *testing.B) {
			plan := presetPlan(b, bench.preset, bench.op, Release{Classes: bench.release})
			body := []byte(bench.body)
			dst := make([]byte, 0, 2*len(body))
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				res, err := plan.Apply(dst, 200, body)
				if err != nil || res.Verdict != provider.Answer {
					b.Fatal("the sample was not released")
				}
			}
		})
	}
}

// BenchmarkDecoderAlone is the floor under BenchmarkApply: the same decoder
// over the same answer, with nothing done.
func BenchmarkDecoderAlone(b *testing.B) {
	body := []byte(checkThatPhoneAnswer)
	var in bytes.Buffer
	dec := jsontext.NewDecoder(&in)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		in = *bytes.NewBuffer(body)
		dec.Reset(&in)
		var err error
		for err == nil {
			_, err = dec.ReadToken()
		}
		if err != io.EOF {
			b.Fatal("the sample was not read")
		}
	}
}

func BenchmarkApplyParallel(b *testing.B) {
	plan := presetPlan(b, "checkthatphone", "lookup", Release{Classes: provider.DefaultRelease()})
	body := []byte(checkThatPhoneAnswer)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		dst := make([]byte, 0, 2*len(body))
		for pb.Next() {
			if _, err := plan.Apply(dst, 200, body); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkCompile(b *testing.B) {
	p, err := provider.Preset("checkthatphone")
	if err != nil {
		b.Fatal(err)
	}
	fields := p.Operation("lookup").Fields
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(fields, p.Rules, Release{Classes: provider.Classes()}, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
