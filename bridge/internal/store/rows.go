package store

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// A table is a shape of rows that a statement takes all at once, as one
// argument in JSON. Whatever their number, the statement is the same: it is
// prepared once, and takes one round trip.
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

// from returns what stands for a table in the FROM of a statement: the rows in
// its argument of a number, under the name r.
func (d *dialect) from(t table, argument int) string {
	var b strings.Builder
	if d == postgres {
		b.WriteString("jsonb_to_recordset($" + strconv.Itoa(argument) + ") AS r (")
		for i, c := range t {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(c.name + " " + c.kind)
		}
		b.WriteString(")")
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
	b.WriteString(" FROM json_each($" + strconv.Itoa(argument) + ")) AS r")
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
	dialect *dialect
	table   table
	json    []byte
	err     error
}

func (t *Tx) rows(of table) *rows { return &rows{dialect: t.dialect, table: of, json: []byte{'['}} }

// add adds a row, with a value for each column.
func (r *rows) add(values ...any) {
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

func (r *rows) value(v any) {
	switch v := v.(type) {
	case bool:
		r.json = strconv.AppendBool(r.json, v)
	case int:
		r.json = strconv.AppendInt(r.json, int64(v), 10)
	case int64:
		r.json = strconv.AppendInt(r.json, v, 10)
	case time.Time:
		r.json = r.dialect.appendTime(r.json, v)
	default:
		encoded, err := json.Marshal(v)
		if err != nil && r.err == nil {
			r.err = err
		}
		r.json = append(r.json, encoded...)
	}
}

// appendTime appends a time as the database reads it from JSON.
func (d *dialect) appendTime(to []byte, t time.Time) []byte {
	switch t = t.UTC().Truncate(time.Microsecond); {
	case t.IsZero():
		return append(to, "null"...)
	case d == postgres:
		return t.AppendFormat(to, `"2006-01-02T15:04:05.999999Z"`)
	}
	return strconv.AppendInt(to, t.UnixMicro(), 10)
}

// argument returns the rows as the argument of a statement.
func (r *rows) argument() (string, error) {
	return string(withoutNUL(append(r.json, ']'))), r.err
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

// query runs a query whose only argument is rows, and has each row that it
// finds scanned.
func (t *Tx) query(r *rows, query string, scan func(row scanner) error) error {
	argument, err := r.argument()
	if err != nil {
		return failed(err)
	}
	found, err := t.tx.QueryContext(t.ctx, query, argument)
	if err != nil {
		return failed(err)
	}
	return scanAll(found, scan)
}

// execRows runs a statement whose only argument is rows.
func (t *Tx) execRows(r *rows, statement string) (int64, error) {
	argument, err := r.argument()
	if err != nil {
		return 0, failed(err)
	}
	return t.exec(statement, argument)
}
