package mtproto

import (
	"fmt"
	"strconv"
	"strings"
)

// An RPCError is Telegram's refusal of a request (rpc_error, R-ER-01).
//
// errors.Is(err, &RPCError{Type: "FLOOD_WAIT"}) matches any RPCError of that
// type, whatever its other fields: fields of the target that are zero match
// everything. Package tg has a sentinel for each type that Telegram is known
// to send.
type RPCError struct {
	Code     int    // like HTTP's: 303, 400, 401, 403, 404, 406, 420, 500; negative for transport-like ones
	Type     string // the name without its number: FLOOD_WAIT, FILE_PART_X_MISSING
	Argument int    // the number taken from the name, as in FLOOD_WAIT_30; 0 where there is none
	Method   string // the method that failed, as the schema writes it; may be empty
}

// NewRPCError makes the error that the code and message of an rpc_error tell.
// A segment of the message that is a number becomes the Argument: at the end
// it is dropped from the type, elsewhere X takes its place.
func NewRPCError(code int, message string) *RPCError {
	e := &RPCError{Code: code, Type: message}
	segments := strings.Split(message, "_")
	for i, segment := range segments {
		digits, minutes := strings.CutSuffix(segment, "MIN") // as in …_ACTIVE_WAIT_5MIN
		n, ok := argument(digits)
		if !ok || i == 0 {
			continue
		}
		e.Argument = n
		switch {
		case minutes:
			segments[i] = "XMIN"
		case i == len(segments)-1:
			segments = segments[:i]
		default:
			segments[i] = "X"
		}
		e.Type = strings.Join(segments, "_")
		break
	}
	return e
}

func argument(segment string) (int, bool) {
	for _, c := range segment {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(segment)
	return n, err == nil
}

// Message returns the error_message of the wire: the type with its number.
func (e *RPCError) Message() string {
	switch {
	case strings.HasSuffix(e.Type, "_XMIN"):
		return strings.TrimSuffix(e.Type, "XMIN") + strconv.Itoa(e.Argument) + "MIN"
	case strings.Contains(e.Type, "_X_"):
		return strings.Replace(e.Type, "_X_", "_"+strconv.Itoa(e.Argument)+"_", 1)
	case e.Argument != 0:
		return e.Type + "_" + strconv.Itoa(e.Argument)
	}
	return e.Type
}

func (e *RPCError) Error() string {
	if e.Method == "" {
		return fmt.Sprintf("%s (%d)", e.Message(), e.Code)
	}
	return fmt.Sprintf("%s: %s (%d)", e.Method, e.Message(), e.Code)
}

// Is reports whether target is an RPCError whose non-zero fields e shares.
func (e *RPCError) Is(target error) bool {
	t, ok := target.(*RPCError)
	return ok &&
		(t.Code == 0 || t.Code == e.Code) &&
		(t.Type == "" || t.Type == e.Type) &&
		(t.Argument == 0 || t.Argument == e.Argument) &&
		(t.Method == "" || t.Method == e.Method)
}

// A ViolationError says that the remote broke a rule of the protocol. The
// connection it came over must be closed and nothing of the packet used
// (R-EM-19).
type ViolationError struct {
	Rule   string // the requirement that was broken, such as "R-EM-11"
	Detail string
}

func (e *ViolationError) Error() string {
	return "mtproto: remote violates " + e.Rule + ": " + e.Detail
}

// Violation returns a *ViolationError whose detail is formatted as by fmt.
func Violation(rule, format string, args ...any) error {
	return &ViolationError{Rule: rule, Detail: fmt.Sprintf(format, args...)}
}

// A BadMsgError is a bad_msg_notification that could not be mended by sending
// again (R-SM-30 and the table of section 5.4).
type BadMsgError struct {
	Code  int // 16 to 64
	MsgID MsgID
}

func (e *BadMsgError) Error() string {
	return fmt.Sprintf("mtproto: message %d refused with code %d", e.MsgID, e.Code)
}
