package mtproto_test

import (
	"errors"
	"fmt"
	"testing"

	"godwit/mtproto"
)

func TestNewRPCError(t *testing.T) {
	tests := []struct {
		message, typ string
		argument     int
	}{
		{"FLOOD_WAIT_30", "FLOOD_WAIT", 30},
		{"FLOOD_WAIT_0", "FLOOD_WAIT", 0},
		{"PHONE_MIGRATE_2", "PHONE_MIGRATE", 2},
		{"FILE_PART_3_MISSING", "FILE_PART_X_MISSING", 3},
		{"FILE_PART_0_MISSING", "FILE_PART_X_MISSING", 0},
		{"INTERDC_2_CALL_ERROR", "INTERDC_X_CALL_ERROR", 2},
		{"2FA_CONFIRM_WAIT_5", "2FA_CONFIRM_WAIT", 5},
		{"PREVIOUS_CHAT_IMPORT_ACTIVE_WAIT_37MIN", "PREVIOUS_CHAT_IMPORT_ACTIVE_WAIT_XMIN", 37},
		// Digits that are part of a word are no argument.
		{"MD5_CHECKSUM_INVALID", "MD5_CHECKSUM_INVALID", 0},
		{"SHA256_HASH_INVALID", "SHA256_HASH_INVALID", 0},
		{"AUTH_TOKEN_INVALID2", "AUTH_TOKEN_INVALID2", 0},
		{"2FA_RECENT_CONFIRM", "2FA_RECENT_CONFIRM", 0},
		{"420_FLOOD", "420_FLOOD", 0},
		{"AUTH_KEY_UNREGISTERED", "AUTH_KEY_UNREGISTERED", 0},
		{"FLOOD_WAIT_99999999999999999999", "FLOOD_WAIT_99999999999999999999", 0},
		{"FLOOD_WAIT_-5", "FLOOD_WAIT_-5", 0},
		{"ACTIVE_WAIT_MIN", "ACTIVE_WAIT_MIN", 0},
		{"A__B", "A__B", 0},
		{"FLOOD_WAIT_", "FLOOD_WAIT_", 0},
		{"Timeout", "Timeout", 0},
		{"", "", 0},
	}
	for _, test := range tests {
		e := mtproto.NewRPCError(420, test.message)
		if e.Code != 420 || e.Type != test.typ || e.Argument != test.argument || e.Method != "" {
			t.Errorf("%s: %+v, want type %s and argument %d", test.message, *e, test.typ, test.argument)
		}
		// The argument 0 at the end of a message is the one thing that is lost.
		if got := e.Message(); got != test.message && got+"_0" != test.message {
			t.Errorf("%s is sent on as %s", test.message, got)
		}
	}
}

func TestRPCErrorIs(t *testing.T) {
	err := error(&mtproto.RPCError{Code: 420, Type: "FLOOD_WAIT", Argument: 30, Method: "auth.sendCode"})
	wrapped := fmt.Errorf("signing in: %w", err)
	tests := []struct {
		target error
		want   bool
	}{
		{&mtproto.RPCError{}, true},
		{&mtproto.RPCError{Type: "FLOOD_WAIT"}, true},
		{&mtproto.RPCError{Code: 420}, true},
		{&mtproto.RPCError{Argument: 30}, true},
		{&mtproto.RPCError{Method: "auth.sendCode"}, true},
		{&mtproto.RPCError{Code: 420, Type: "FLOOD_WAIT", Argument: 30, Method: "auth.sendCode"}, true},
		{&mtproto.RPCError{Code: 400, Type: "FLOOD_WAIT"}, false},
		{&mtproto.RPCError{Type: "FLOOD"}, false},
		{&mtproto.RPCError{Type: "FLOOD_WAIT", Argument: 31}, false},
		{&mtproto.RPCError{Method: "auth.signIn"}, false},
		{errors.New("FLOOD_WAIT"), false},
	}
	for _, test := range tests {
		for _, e := range []error{err, wrapped} {
			if got := errors.Is(e, test.target); got != test.want {
				t.Errorf("%v is %+v: %t", e, test.target, got)
			}
		}
	}
	if got := err.Error(); got != "auth.sendCode: FLOOD_WAIT_30 (420)" {
		t.Errorf("%q", got)
	}
	if got := mtproto.NewRPCError(303, "USER_MIGRATE_4").Error(); got != "USER_MIGRATE_4 (303)" {
		t.Errorf("%q", got)
	}
}

func TestViolation(t *testing.T) {
	err := fmt.Errorf("receiving: %w", mtproto.Violation("R-EM-11", "msg_id %d is odd", 5))
	var violation *mtproto.ViolationError
	if !errors.As(err, &violation) || violation.Rule != "R-EM-11" || violation.Detail != "msg_id 5 is odd" {
		t.Fatal(err)
	}
	if got := violation.Error(); got != "mtproto: remote violates R-EM-11: msg_id 5 is odd" {
		t.Errorf("%q", got)
	}
}

func TestBadMsgError(t *testing.T) {
	err := fmt.Errorf("sending: %w", &mtproto.BadMsgError{Code: 64, MsgID: 12})
	var bad *mtproto.BadMsgError
	if !errors.As(err, &bad) || bad.Code != 64 || bad.Error() != "mtproto: message 12 refused with code 64" {
		t.Error(err)
	}
}
