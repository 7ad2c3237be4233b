package bridge

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A SuppressionReason is why a person is not written to.
type SuppressionReason string

// The reasons.
const (
	SuppressedByOperator SuppressionReason = "operator"
	SuppressedByStop     SuppressionReason = "stop"    // the person wrote so: see IsStop
	SuppressedByBlock    SuppressionReason = "blocked" // the person has blocked an account
)

// A Suppression is a person who is never written to, by any account.
type Suppression struct {
	ID      SuppressionID     `json:"id"`
	Person  Person            `json:"person"` // by all that is known; any of it is enough
	Reason  SuppressionReason `json:"reason"`
	AddedBy Actor             `json:"added_by"`
	AddedAt time.Time         `json:"added_at"`
	Note    string            `json:"note,omitempty"`
}

// maxNote is how long a note may be, in bytes.
const maxNote = 500

// Check returns an error of CodeInvalidRequest that names what is wrong with an
// entry that is to be added.
func (s *Suppression) Check() error {
	switch s.Reason {
	case SuppressedByOperator, SuppressedByStop, SuppressedByBlock:
	default:
		return Errorf(CodeInvalidRequest, "%q is not a reason to suppress a person.", s.Reason)
	}
	if len(s.Note) > maxNote || !utf8.ValidString(s.Note) {
		return Errorf(CodeInvalidRequest, "A note is text of at most %d bytes.", maxNote)
	}
	_, err := s.Person.Keys()
	return err
}

// Refusal is what is told to who wants to write to the person.
func (s *Suppression) Refusal() *Error {
	return Errorf(CodeSuppressed, "This person is on the suppression list since %s (%s, %s) and is not written to.",
		s.AddedAt.Format(time.DateOnly), s.Reason, s.ID)
}

// A LineError is what is wrong with one line of a file.
type LineError struct {
	Line int
	Err  error
}

func (e *LineError) Error() string {
	var known *Error
	if errors.As(e.Err, &known) {
		return fmt.Sprintf("line %d: %s", e.Line, known.Detail)
	}
	return fmt.Sprintf("line %d: %v", e.Line, e.Err)
}

// Unwrap returns what is wrong.
func (e *LineError) Unwrap() error { return e.Err }

// suppressionColumns are the columns that a list of people may have.
var suppressionColumns = []string{"user_id", "phone", "username", "note"}

// ReadSuppressions reads a list of people, a line of CSV each (RFC 4180), with
// commas, semicolons or tabs between the columns. The first line names them:
// user_id, phone, username and note, of which a line may leave any empty but not
// all of the first three. Others are passed over. The errors are [LineError]s,
// joined; the list holds what has none.
func ReadSuppressions(r io.Reader) ([]Suppression, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	content := strings.TrimPrefix(string(text), "\ufeff") // Excel's
	first, _, _ := strings.Cut(content, "\n")
	in := csv.NewReader(strings.NewReader(content))
	in.FieldsPerRecord = -1
	for _, comma := range ";\t" {
		if strings.ContainsRune(first, comma) {
			in.Comma = comma
		}
	}
	in.TrimLeadingSpace = in.Comma != '\t'
	names, err := in.Read()
	if err != nil {
		return nil, &LineError{1, errors.New("there is no line that names the columns")}
	}
	columns := make(map[string]int)
	for i, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := columns[name]; twice && slices.Contains(suppressionColumns, name) {
			return nil, &LineError{1, fmt.Errorf("there are two columns %s", name)}
		}
		columns[name] = i
	}
	if !slices.ContainsFunc(suppressionColumns[:3], func(name string) bool { _, ok := columns[name]; return ok }) {
		return nil, &LineError{1, fmt.Errorf("none of the columns is user_id, phone or username")}
	}
	return readPeople(in, columns)
}

func readPeople(in *csv.Reader, columns map[string]int) ([]Suppression, error) {
	var list []Suppression
	var problems []error
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return list, errors.Join(problems...)
		}
		if err != nil { // what comes after cannot be told
			return list, errors.Join(append(problems, err)...)
		}
		s, err := personOf(record, columns)
		if err != nil {
			line, _ := in.FieldPos(0)
			problems = append(problems, &LineError{line, err})
			continue
		}
		list = append(list, s)
	}
}

func personOf(record []string, columns map[string]int) (Suppression, error) {
	value := func(name string) string {
		if i, ok := columns[name]; ok && i < len(record) {
			return strings.TrimSpace(record[i])
		}
		return ""
	}
	s := Suppression{
		Reason: SuppressedByOperator, Note: value("note"), Person: Person{Phone: value("phone"), Username: value("username")},
	}
	if id := value("user_id"); id != "" {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || n <= 0 {
			return s, fmt.Errorf("user_id %q is not the id of a person", id)
		}
		s.Person.UserID = n
	}
	return s, s.Check()
}
