package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A table is a shape of rows that a statement takes all at once: as an array for
// each column in PostgreSQL, and as one argument in JSON in SQLite. Whatever their
// number, the statement is the same: it is prepared once, and takes one round trip.
type table []column

// A column is a column of a table. Its type is one of those below.
type column struct{ name, kind string }

// The types of columns. A timestamp is null for the zero time.
const (
	text      = "TEXT"
	integer   = "BIGINT"
	boolean   = "BOOLEAN"
	timestamp = "TIMESTAMPTZ"
	document  = "JSONB"
)

// nameTable has the names of things.
var nameTable = table{{"id", text}}

// from returns what stands for a table in the FROM of a statement: the rows that
// are its arguments, under the name r.
func (d *dialect) from(t table) string {
	var b strings.Builder
	if d == postgres {
		b.WriteString("unnest(")
		for i, c := range t {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString("$" + strconv.Itoa(i+1) + "::" + c.kind + "[]")
		}
		b.WriteString(") AS r (" + t.names("") + ")")
		return b.String()
	}
	b.WriteString("(SELECT ")
	for i, c := range t {
		if i > 0 {
			b.WriteString(", ")
		}
		operator := "->>"
		if c.kind == document {
			operator = "->"
		}
		b.WriteString("value " + operator + " '" + c.name + "' AS " + c.name)
	}
	b.WriteString(" FROM json_each($1)) AS r")
	return b.String()
}

// names returns the columns of a table, as a list with a prefix before each.
func (t table) names(prefix string) string {
	var b strings.Builder
	for i, c := range t {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(prefix + c.name)
	}
	return b.String()
}

// rows are rows of a table in the making.
type rows struct {
	table  table
	arrays []array // of PostgreSQL, one for each column
	json   []byte  // of SQLite
	err    error
}

func (t *Tx) rows(of table) *rows {
	r := &rows{table: of}
	if t.dialect == postgres {
		r.arrays = make([]array, len(of))
		for i, c := range of {
			r.arrays[i].kind = c.kind
		}
	} else {
		r.json = []byte{'['}
	}
	return r
}

// add adds a row, with a value for each column.
func (r *rows) add(values ...any) {
	if r.arrays != nil {
		for i, v := range values {
			if err := r.arrays[i].add(v); err != nil && r.err == nil {
				r.err = fmt.Errorf("column %s: %w", r.table[i].name, err)
			}
		}
		return
	}
	if len(r.json) > 1 {
		r.json = append(r.json, ',')
	}
	r.json = append(r.json, '{')
	for i, v := range values {
		if i > 0 {
			r.json = append(r.json, ',')
		}
		r.json = append(append(append(r.json, '"'), r.table[i].name...), `":`...)
		r.value(v)
	}
	r.json = append(r.json, '}')
}

// value appends a value in JSON, as SQLite reads it.
func (r *rows) value(v any) {
	switch v := v.(type) {
	case bool:
		r.json = strconv.AppendBool(r.json, v)
	case int:
		r.json = strconv.AppendInt(r.json, int64(v), 10)
	case int64:
		r.json = strconv.AppendInt(r.json, v, 10)
	case time.Time:
		if v.IsZero() {
			r.json = append(r.json, "null"...)
			return
		}
		r.json = strconv.AppendInt(r.json, v.UnixMicro(), 10)
	default:
		encoded, err := json.Marshal(v)
		if err != nil && r.err == nil {
			r.err = err
		}
		r.json = append(r.json, encoded...)
	}
}

// arguments returns the rows as the arguments of a statement.
func (r *rows) arguments() ([]any, error) {
	if r.err != nil {
		return nil, failed(r.err)
	}
	if r.arrays == nil {
		return []any{string(withoutNUL(append(r.json, ']')))}, nil
	}
	list := make([]any, len(r.arrays))
	for i := range r.arrays {
		list[i] = &r.arrays[i]
	}
	return list, nil
}

// withoutNUL replaces the character 0 in JSON, which PostgreSQL stores nowhere,
// by the one that stands for what cannot be shown.
func withoutNUL(encoded []byte) []byte {
	nul := []byte(`\u0000`)
	if !bytes.Contains(encoded, nul) {
		return encoded
	}
	out := make([]byte, 0, len(encoded))
	for i := 0; i < len(encoded); i++ {
		switch {
		case encoded[i] != '\\':
			out = append(out, encoded[i])
		case bytes.HasPrefix(encoded[i:], nul):
			out = append(out, `\ufffd`...)
			i += len(nul) - 1
		default:
			out = append(out, encoded[i], encoded[i+1])
			i++
		}
	}
	return out
}

// query runs a query whose only arguments are rows, and has each row that it
// finds scanned.
func (t *Tx) query(r *rows, query string, scan func(row scanner) error) error {
	arguments, err := r.arguments()
	if err != nil {
		return err
	}
	found, err := t.tx.QueryContext(t.ctx, query, arguments...)
	if err != nil {
		return failed(err)
	}
	return scanAll(found, scan)
}

// execRows runs a statement whose only arguments are rows.
func (t *Tx) execRows(r *rows, statement string) (int64, error) {
	arguments, err := r.arguments()
	if err != nil {
		return 0, err
	}
	return t.exec(statement, arguments...)
}
