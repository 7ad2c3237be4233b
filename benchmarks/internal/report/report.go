// Package report prints measurements of godwit beside those of a rival. Make
// a [Row] for each, then call [Table] or [JSON].
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// A Row is one measurement of both, made in one run on one machine. In every
// unit that is used, less is better.
type Row struct {
	Name      string  `json:"name"`
	Unit      string  `json:"unit"`
	Godwit    float64 `json:"godwit"`
	Rival     float64 `json:"rival"`
	RivalName string  `json:"rival_name"`
	Ratio     float64 `json:"ratio"` // godwit / rival
	Ceiling   float64 `json:"-"`     // what Ratio may be at most; 0 for anything
}

// New returns the row of two measurements. ceiling is the highest ratio that
// the project accepts, 0 where it has not set one.
func New(name, unit string, godwit, rival, ceiling float64, rivalName string) Row {
	return Row{
		Name: name, Unit: unit, Godwit: godwit, Rival: rival, RivalName: rivalName,
		Ratio: godwit / rival, Ceiling: ceiling,
	}
}

// Missed reports whether the ratio is over its ceiling.
func (r Row) Missed() bool { return r.Ceiling != 0 && !(r.Ratio <= r.Ceiling) }

// Table writes the rows for people to read.
func Table(w io.Writer, rows []Row) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "what\tgodwit\trival\tratio\tat most\t")
	for _, row := range rows {
		ceiling, verdict := "-", ""
		if row.Ceiling != 0 {
			ceiling = number(row.Ceiling)
		}
		if row.Missed() {
			verdict = "missed"
		}
		fmt.Fprintf(table, "%s\t%s %s\t%s %s (%s)\t%s\t%s\t%s\n", row.Name,
			number(row.Godwit), row.Unit, number(row.Rival), row.Unit, row.RivalName,
			number(row.Ratio), ceiling, verdict)
	}
	return table.Flush()
}

// JSON writes the rows for programs to read, one object a line.
func JSON(w io.Writer, rows []Row) error {
	encoder := json.NewEncoder(w)
	for _, row := range rows {
		if err := encoder.Encode(row); err != nil {
			return err
		}
	}
	return nil
}

// number writes three significant digits without an exponent.
func number(x float64) string {
	switch {
	case x >= 100 || x <= -100:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case x >= 10 || x <= -10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	case x >= 1 || x <= -1:
		return strconv.FormatFloat(x, 'f', 2, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}
