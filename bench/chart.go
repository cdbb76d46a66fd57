package main

import (
	"fmt"
	"strings"
	"text/template"
)

// The picture's measures, in pixels.
const (
	chartWidth = 860
	chartLeft  = 230 // where bars begin
	chartRight = 150 // room for the figures
	chartTop   = 64
	barStep    = 34
	barHeight  = 20
)

// bar is one contender in the picture.
type bar struct {
	Name, Figures    string
	Y, Middle, Width float64
	From, To, Label  float64 // the spread over rounds, and where the figures stand
	Color            string
}

// chart draws the CPU time a request of each contender as an SVG picture.
func (r *report) chart() (string, error) {
	largest := 0.0
	for _, t := range r.Throughput {
		largest = max(largest, t.Value.CPU.Max)
	}
	scale := (chartWidth - chartLeft - chartRight) / largest
	bars := make([]bar, len(r.Throughput))
	for i, t := range r.Throughput {
		bars[i] = newBar(i, t, scale)
	}
	bottom := chartTop + len(bars)*barStep
	var text strings.Builder
	err := chartSVG.Execute(&text, map[string]any{
		"Width": chartWidth, "Height": bottom + 30, "Bottom": bottom, "Foot": bottom + 18,
		"Left": chartLeft, "BarHeight": barHeight, "Bars": bars, "Report": r,
	})
	return text.String(), err
}

func newBar(i int, t named[throughput], scale float64) bar {
	cpu, y := t.Value.CPU, float64(chartTop+i*barStep)
	b := bar{
		Name: t.Name, Figures: fmt.Sprintf("%.0f µs", cpu.Median), Y: y, Middle: y + barHeight/2, Width: cpu.Median * scale,
		From: chartLeft + cpu.Min*scale, To: chartLeft + cpu.Max*scale, Label: chartLeft + cpu.Max*scale + 10, Color: "#a3adb8",
	}
	if ratio := t.Value.Ratio.Median; ratio > 0 {
		b.Figures += fmt.Sprintf(", %.2f ×", ratio)
	}
	if strings.HasPrefix(t.Name, ringward) {
		b.Color = "#2f7d5b"
	}
	return b
}

// The ground is white: READMEs are read on dark pages too.
var chartSVG = template.Must(template.New("").Parse(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{.Width}} {{.Height}}" width="{{.Width}}" height="{{.Height}}" role="img" font-family="system-ui, sans-serif" font-size="14" fill="#1f2933">
	<title>CPU time of the proxy a request</title>
	<rect width="100%" height="100%" fill="#ffffff"/>
	<text x="16" y="26" font-size="17" font-weight="600">CPU time of the proxy a request: less is better</text>
	<text x="16" y="47" font-size="12" fill="#52606d">{{.Report.Connections}} connections, TLS to the provider, 900-byte answer; median of {{.Report.Rounds}} rounds, the line is their spread; × is to bare Caddy</text>
{{- range .Bars}}
	<text x="{{$.Left}}" y="{{.Middle}}" dx="-10" dy="0.35em" text-anchor="end">{{html .Name}}</text>
	<rect x="{{$.Left}}" y="{{.Y}}" width="{{printf "%.1f" .Width}}" height="{{$.BarHeight}}" rx="2" fill="{{.Color}}"/>
	<path d="M{{printf "%.1f" .From}} {{.Middle}}H{{printf "%.1f" .To}}" stroke="#1f2933" stroke-width="1.5"/>
	<text x="{{printf "%.1f" .Label}}" y="{{.Middle}}" dy="0.35em">{{.Figures}}</text>
{{- end}}
	<text x="16" y="{{.Foot}}" font-size="11" fill="#7b8794">{{.Report.Machine.Processors}} × {{html .Report.Machine.Processor}}, Linux {{html .Report.Machine.Kernel}}, {{.Report.Taken.Format "2006-01-02"}}</text>
</svg>
`))
