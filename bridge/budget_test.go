package bridge

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

var invalid = &Error{Code: CodeInvalidRequest}

func TestBudgetOf(t *testing.T) {
	for _, test := range []struct {
		peer PeerKind
		a    Acquaintance
		want BudgetKind
	}{
		{UserPeer, Known, BudgetMessages}, {UserPeer, Written, BudgetFirstMessages}, {UserPeer, Stranger, BudgetFirstMessages},
		{GroupPeer, Known, BudgetPosts}, {ChannelPeer, Known, BudgetPosts}, {ChannelPeer, Stranger, BudgetPosts},
	} {
		if got := BudgetOf(test.peer, test.a); got != test.want {
			t.Errorf("%s, %s: %s", test.peer, test.a, got)
		}
	}
}

// TestPlans has plans read from JSON, and those refused that cannot be meant.
func TestPlans(t *testing.T) {
	good := map[string]any{
		`{}`: new(BudgetPlan),
		`{"joins": {"limits": {"minute": 1, "hour": 2, "day": 0}, "spacing_seconds": 60, "hours": {"from": "09:00", "to": "24:00"}}}`: new(BudgetPlan),
		`{"per_day": {"joins": [1, 2, 3], "posts": [0]}, "hours": {"from": "22:00", "to": "06:00"}, "spread_minutes": 60}`:            new(RampPlan),
		`{"first_messages_per_person": 1, "hand_over": ["banned", "restricted"]}`:                                                     new(PoolPolicy),
	}
	for text, plan := range good {
		if err := json.Unmarshal([]byte(text), plan); err != nil {
			t.Fatal(err)
		}
		if err := plan.(interface{ Check() error }).Check(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		again := reflect.New(reflect.TypeOf(plan).Elem()).Interface()
		if data, err := json.Marshal(plan); err != nil || json.Unmarshal(data, again) != nil || !reflect.DeepEqual(plan, again) {
			t.Errorf("%s became %s, %v", text, data, err)
		}
	}
	bad := map[string]any{
		`{"likes": {"limits": {}}}`:                                            new(BudgetPlan),
		`{"joins": {"limits": {"week": 1}}}`:                                   new(BudgetPlan),
		`{"joins": {"limits": {"day": -1}}}`:                                   new(BudgetPlan),
		`{"joins": {"limits": {"day": 1000001}}}`:                              new(BudgetPlan),
		`{"joins": {"limits": {}, "spacing_seconds": -1}}`:                     new(BudgetPlan),
		`{"joins": {"limits": {}, "spacing_seconds": 86401}}`:                  new(BudgetPlan),
		`{"joins": {"limits": {}, "hours": {"from": "24:00", "to": "01:00"}}}`: new(BudgetPlan),
		`{"per_day": {}}`:                                    new(RampPlan),
		`{"per_day": {"likes": [1]}}`:                        new(RampPlan),
		`{"per_day": {"joins": []}}`:                         new(RampPlan),
		`{"per_day": {"joins": [1, -1]}}`:                    new(RampPlan),
		`{"per_day": {"joins": [1]}, "spread_minutes": 721}`: new(RampPlan),
		`{"per_day": {"joins": [1]}, "spread_minutes": 60, "hours": {"from": "09:00", "to": "10:00"}}`: new(RampPlan),
		`{"per_day": {"joins": [1]}, "hours": {"from": "24:00", "to": "10:00"}}`:                       new(RampPlan),
		`{"per_day": {"joins": [` + strings.Repeat("1,", 366) + `1]}}`:                                 new(RampPlan),
		`{"first_messages_per_person": -1}`:                                                            new(PoolPolicy),
		`{"first_messages_per_person": 6}`:                                                             new(PoolPolicy),
		`{"first_messages_per_person": 1, "hand_over": ["online"]}`:                                    new(PoolPolicy),
	}
	for text, plan := range bad {
		if err := json.Unmarshal([]byte(text), plan); err != nil {
			t.Fatal(err)
		}
		if err := plan.(interface{ Check() error }).Check(); !errors.Is(err, invalid) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if days := (RampPlan{PerDay: map[BudgetKind][]int{BudgetJoins: {1, 2}, BudgetPosts: {1, 2, 3}}}).Days(); days != 3 {
		t.Errorf("%d days", days)
	}
}

func FuzzClockTime(f *testing.F) {
	for _, s := range []string{"00:00", "09:30", "23:59", "24:00", "24:01", "9:30", "09:60", "-1:00", "09:30:00", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var c ClockTime
		if err := c.UnmarshalText([]byte(s)); err != nil {
			return
		}
		if text, err := c.MarshalText(); err != nil || string(text) != s || c < 0 || c > 24*60 {
			t.Errorf("%q became %d and %q, %v", s, c, text, err)
		}
	})
}

func TestPersonKeys(t *testing.T) {
	for _, test := range []struct {
		person Person
		want   []PersonKey
	}{
		{Person{UserID: 5, Phone: "+49 (30) 123-456", Username: "@Some_Body1"}, []PersonKey{"user:5", "phone:4930123456", "username:some_body1"}},
		{Person{Username: "gram"}, []PersonKey{"username:gram"}},
		{Person{}, nil}, {Person{UserID: -5}, nil}, {Person{Phone: "12"}, nil}, {Person{Phone: "+49 30x"}, nil},
		{Person{Phone: "1234567890123456"}, nil}, {Person{Username: "@"}, nil}, {Person{Username: "1abc"}, nil}, {Person{Username: "a b c d"}, nil},
	} {
		got, err := test.person.Keys()
		if !reflect.DeepEqual(got, test.want) || (test.want == nil) != errors.Is(err, invalid) {
			t.Errorf("%+v: %v, %v", test.person, got, err)
		}
	}
}

func TestParseTarget(t *testing.T) {
	for s, want := range map[string]string{
		"@Durov": "durov", "durov": "durov", "t.me/durov": "durov", "https://t.me/Durov/": "durov", "https://telegram.me/durov": "durov",
		"https://t.me/+AbCdEfGhIjK": "+AbCdEfGhIjK", "t.me/joinchat/AbCdEfGhIjK": "+AbCdEfGhIjK", " +AbCdEfGhIjK ": "+AbCdEfGhIjK",
		"": "", "@": "", "t.me/": "", "https://example.org/durov": "", "t.me/durov/5": "", "+a": "", "joinchat/AbCdEfGhIjK": "", "t.me/+a b c d e f": "",
	} {
		if got, err := ParseTarget(s); got != want || (want == "") != errors.Is(err, invalid) {
			t.Errorf("%q: %q, %v", s, got, err)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	f.Add("https://t.me/+AbCdEfGhIjK")
	f.Add("@durov")
	f.Fuzz(func(t *testing.T, s string) {
		if target, err := ParseTarget(s); err == nil {
			if again, err := ParseTarget(target); again != target || err != nil {
				t.Errorf("%q became %q, and that %q, %v", s, target, again, err)
			}
		}
	})
}

func TestActionBudgets(t *testing.T) {
	want := map[ActionKind]BudgetKind{JoinAction: BudgetJoins, PostAction: BudgetPosts}
	for _, kind := range ActionKinds {
		if got, ok := kind.Budget(); got != want[kind] || ok != (want[kind] != "") {
			t.Errorf("%s: %s, %t", kind, got, ok)
		}
	}
	if p := (PoolPolicy{HandOver: []State{Banned}}); !p.HandsOver(Banned) || p.HandsOver(Restricted) {
		t.Error("a policy hands over what it does not name, or not what it does")
	}
}
