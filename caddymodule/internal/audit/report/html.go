package report

import (
	_ "embed"
	"html/template"
	"io"
	"time"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle template.CSS

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"comma": comma,
	"day":   func(t time.Time) string { return t.Format("2 January 2006") },
	"clock": func(t time.Time) string { return t.Format("2 January 2006, 15:04") },
	"last":  func(t time.Time) time.Time { return t.Add(-time.Nanosecond) },
}).Parse(pageText))

// What stands for a name that there is none of.
const (
	noCaller = "not authenticated"
	noRegion = "unknown"
	noName   = "none"
)

// The widths of drawings: over the whole page and over half of it.
const (
	wide = 760
	half = 372
)

// page is what the template shows.
type page struct {
	*Report
	Style template.CSS

	OverTime, CallersOverTime, ProvidersOverTime, OperationsOverTime stack
	ClassesOverTime, RegionsOverTime, LoginsOverTime                 stack

	CallerTable, ProviderTable, OperationTable, ClassTable, RegionTable table
	RefusalTable, FailureTable, CallerSpend, ProviderSpend              table

	CredentialRows []credentialRow
	Limits         limits
}

// limits are the numbers that the page explains.
type limits struct{ Sigmas, Factor, Least, Others, RefusedLeast, RefusedShare int }

// credentialRow is a credential as it is shown.
type credentialRow struct {
	Credential
	Age, State string
	Current    bool
}

// WriteHTML writes the report as a page that needs no other file, no script and
// no network, and prints on A4.
func (r *Report) WriteHTML(w io.Writer) error {
	n := len(r.Periods)
	callers, providers := layersOf(r.Callers, n, noCaller), layersOf(r.Providers, n, noName)
	operations := layersOf(r.Operations, n, noName)
	classes, regions := layersOf(r.Classes, n, noName), layersOf(r.Regions, n, noRegion)
	p := page{
		Report: r,
		Style:  pageStyle,

		OverTime: newStack("requests", "Requests by outcome", wide, 190, r, []layer{
			layerOf("answered", "answered", r.Periods, func(p *Period) int64 { return p.Answered }),
			layerOf("refused", "refused", r.Periods, func(p *Period) int64 { return p.Refused }),
			layerOf("failed", "failed", r.Periods, func(p *Period) int64 { return p.Failed }),
		}),
		CallersOverTime:    newStack("callers", "Answered lookups by caller", wide, 190, r, callers),
		ProvidersOverTime:  newStack("providers", "Answered lookups by provider", half, 170, r, providers),
		OperationsOverTime: newStack("operations", "Answered lookups by operation", half, 170, r, operations),
		ClassesOverTime:    newStack("classes", "Answers by data class", half, 170, r, classes),
		RegionsOverTime:    newStack("regions", "Numbers by region", half, 170, r, regions),
		LoginsOverTime: newStack("logins", "Failed authentications", wide, 130, r, []layer{
			layerOf("not authenticated", "refused", r.Periods, func(p *Period) int64 { return p.Unauthenticated }),
			layerOf("locked out", "failed", r.Periods, func(p *Period) int64 { return p.LockedOut }),
		}),

		CallerTable:    tableOf("Requests by caller", "Caller", noCaller, r.Callers, callers, requestsColumn, answeredColumn, refusedColumn, failedColumn, costColumn),
		ProviderTable:  tableOf("Requests by provider", "Provider", noName, r.Providers, providers, requestsColumn, answeredColumn, failedColumn),
		OperationTable: tableOf("Requests by operation", "Operation", noName, r.Operations, operations, requestsColumn, answeredColumn, failedColumn),
		ClassTable:     tableOf("Answers by data class", "Data class", noName, r.Classes, classes, column{"Answers", requestsColumn.value}),
		RegionTable:    withShares(tableOf("Numbers by region", "Region", noRegion, r.Regions, regions, column{"Numbers", requestsColumn.value}), r.Regions, requestsColumn),
		RefusalTable:   reasonTable("Refused requests by reason", "refused", r.Refusals),
		FailureTable:   reasonTable("Failed requests by reason", "failed", r.Failures),
		CallerSpend:    withShares(tableOf("Cost by caller", "Caller", noCaller, r.Callers, nil, costColumn), r.Callers, costColumn),
		ProviderSpend:  withShares(tableOf("Cost by provider", "Provider", noName, r.Providers, nil, costColumn), r.Providers, costColumn),
		Limits:         limits{surgeSigmas, surgeFactor, surgeLeast, surgeOthers, refusedLeast, refusedShare},
	}
	for _, c := range r.Credentials {
		p.CredentialRows = append(p.CredentialRows, showCredential(c))
	}
	return pageTemplate.Execute(w, &p)
}

func showCredential(c Credential) credentialRow {
	row := credentialRow{Credential: c, Age: age(c.Age()), State: "in use", Current: true}
	if !c.Successor.IsZero() {
		row.State, row.Current = "replaced on "+c.Successor.Format("2 January 2006"), false
	}
	return row
}
