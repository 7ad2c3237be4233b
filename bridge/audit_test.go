package bridge

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestAuditCheck(t *testing.T) {
	good := AuditEntry{Actor: ActorOf("key_1"), Action: AuditSuppress, Detail: json.RawMessage(`{"reason": "stop", "keys": 3}`)}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for _, test := range []struct {
		entry AuditEntry
		want  string
	}{
		{AuditEntry{Action: "x"}, "neither who"},
		{AuditEntry{Actor: OperatorActor}, "neither who"},
		{AuditEntry{Actor: OperatorActor, Action: "x", Detail: json.RawMessage(`[1]`)}, "not a JSON object"},
		{AuditEntry{Actor: OperatorActor, Action: "x", Detail: json.RawMessage(`null`)}, "not a JSON object"},
		{AuditEntry{Actor: OperatorActor, Action: "x", Detail: json.RawMessage(`{`)}, "not a JSON object"},
		{AuditEntry{Actor: OperatorActor, Action: "x", Detail: json.RawMessage(strings.Repeat(" ", maxAuditDetail+1))}, "8193 bytes"},
		{AuditEntry{Actor: OperatorActor, Action: "x", Detail: json.RawMessage(`{"a": [{"Auth_Key": 1}]}`)}, `"Auth_Key"`},
		{AuditEntry{Actor: OperatorActor, Action: "x", Detail: json.RawMessage(`{"password": ""}`)}, `"password"`},
	} {
		if err := test.entry.Check(); CodeOf(err) != CodeInternal || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.entry.Detail, err, test.want)
		}
	}
}
