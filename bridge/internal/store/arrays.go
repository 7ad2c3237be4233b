package store

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// An array is a column of rows as an argument for PostgreSQL, which takes it in
// binary: reading the same rows from JSON costs it twice as much.
type array struct {
	kind string // of its column
	list []any  // of the type of zero, or nil
}

var _ pgtype.ArrayGetter = (*array)(nil)

// Dimensions implements pgtype.ArrayGetter.
func (a *array) Dimensions() []pgtype.ArrayDimension {
	return []pgtype.ArrayDimension{{Length: int32(len(a.list)), LowerBound: 1}}
}

// Index implements pgtype.ArrayGetter.
func (a *array) Index(i int) any { return a.list[i] }

// IndexType implements pgtype.ArrayGetter.
func (a *array) IndexType() any {
	switch a.kind {
	case integer:
		return int64(0)
	case boolean:
		return false
	case timestamp:
		return time.Time{}
	case document:
		return []byte(nil)
	}
	return ""
}

// add adds a value.
func (a *array) add(v any) (err error) {
	element := v
	switch a.kind {
	case text:
		element, err = textOf(v)
	case integer:
		if n, ok := v.(int); ok {
			element = int64(n)
		}
	case timestamp:
		if t, ok := v.(time.Time); ok && t.IsZero() {
			element = nil
		} else if ok {
			element = t.UTC().Truncate(time.Microsecond)
		}
	case document:
		element, err = documentOf(v)
	}
	if err == nil && element != nil && reflect.TypeOf(element) != reflect.TypeOf(a.IndexType()) {
		err = fmt.Errorf("a value is %T, and not %T", v, a.IndexType())
	}
	a.list = append(a.list, element)
	return err
}

// textOf returns what PostgreSQL stores for a text. In place of what it stores
// nowhere stands what JSON has there: the character for what cannot be shown.
func textOf(v any) (string, error) {
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case encoding.TextMarshaler:
		encoded, err := v.MarshalText()
		if err != nil {
			return "", err
		}
		s = string(encoded)
	default:
		of := reflect.ValueOf(v)
		if of.Kind() != reflect.String {
			return "", fmt.Errorf("a value is %T, and no text", v)
		}
		s = of.String()
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd"), nil
}

// documentOf returns a value in JSON.
func documentOf(v any) ([]byte, error) {
	encoded, ok := v.(json.RawMessage)
	if !ok {
		var err error
		if encoded, err = json.Marshal(v); err != nil {
			return nil, err
		}
	}
	return withoutNUL(encoded), nil
}
