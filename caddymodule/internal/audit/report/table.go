package report

import (
	"cmp"
	"fmt"
	"slices"
)

// maxRows is the most rows of a table in the page; CSV and JSON have all.
const maxRows = 15

// table is numbers by name, with a bar for the first of them.
type table struct {
	Caption string
	Head    []string // of the name and of each number
	Rows    []tableRow
	Note    string // what is not shown
}

type tableRow struct {
	Name  string
	Plain bool    // the name is ours, not a name from the log
	Class string  // of its colour; empty for none
	Bar   float64 // percentage of the longest
	Cells []string
}

// column is a number of a row. The first column has bars.
type column struct {
	head  string
	value func(*Row) int64
}

var (
	requestsColumn = column{"Requests", func(r *Row) int64 { return r.Requests }}
	answeredColumn = column{"Answered", func(r *Row) int64 { return r.Answered }}
	refusedColumn  = column{"Refused", func(r *Row) int64 { return r.Refused }}
	failedColumn   = column{"Failed", func(r *Row) int64 { return r.Failed }}
	costColumn     = column{"Cost units", func(r *Row) int64 { return r.Cost }}
)

// tableOf shows the rows that have most in the first column. The layers of a
// chart lend them their colours.
func tableOf(caption, head, none string, rows []Row, layers []layer, columns ...column) table {
	t := table{Caption: caption, Head: []string{head}}
	for _, c := range columns {
		t.Head = append(t.Head, c.head)
	}
	first := columns[0].value
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(first(&b), first(&a)) })
	rows = slices.DeleteFunc(rows, func(r Row) bool { return first(&r) == 0 && len(columns) == 1 })
	if len(rows) > maxRows {
		t.Note = fmt.Sprintf("%s more in the CSV and JSON forms of this report.", comma(int64(len(rows)-maxRows)))
		rows = rows[:maxRows]
	}
	for i := range rows {
		r := &rows[i]
		row := tableRow{Name: r.label("all others", none), Plain: r.Other || r.Name == "", Bar: share(first(r), first(&rows[0]))}
		for _, c := range columns {
			row.Cells = append(row.Cells, comma(c.value(r)))
		}
		row.Class = classOf(layers, &row)
		t.Rows = append(t.Rows, row)
	}
	return t
}

// withShares adds what part of the whole each row's first number is.
func withShares(t table, rows []Row, of column) table {
	var whole int64
	for i := range rows {
		whole += of.value(&rows[i])
	}
	values := make([]int64, 0, len(rows))
	for i := range rows {
		values = append(values, of.value(&rows[i]))
	}
	slices.SortFunc(values, func(a, b int64) int { return cmp.Compare(b, a) })
	t.Head = append(t.Head, "Share")
	for i := range t.Rows {
		t.Rows[i].Cells = append(t.Rows[i].Cells, percent(values[i], whole))
	}
	return t
}

// reasonTable shows counts by reason.
func reasonTable(caption, class string, counts []Count) table {
	t := table{Caption: caption, Head: []string{"Reason", "Requests"}}
	if len(counts) > maxRows {
		t.Note = fmt.Sprintf("%s more in the CSV and JSON forms of this report.", comma(int64(len(counts)-maxRows)))
	}
	var most int64
	for _, c := range counts {
		most = max(most, c.Count)
	}
	for _, c := range counts[:min(len(counts), maxRows)] {
		t.Rows = append(t.Rows, tableRow{Name: c.Name, Class: class, Bar: share(c.Count, most), Cells: []string{comma(c.Count)}})
	}
	return t
}

func classOf(layers []layer, row *tableRow) string {
	if len(layers) == 0 {
		return "c0"
	}
	for _, l := range layers {
		if l.Name == row.Name && l.Class != "rest" {
			return l.Class
		}
	}
	return "rest"
}

// share is a percentage for drawing.
func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return round(float64(part) * 100 / float64(whole))
}
