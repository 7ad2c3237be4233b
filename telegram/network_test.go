package telegram

import (
	"slices"
	"testing"
)

// TestBuiltIn has the zero configuration lead to Telegram (R-AP-01, R-AK-12).
func TestBuiltIn(t *testing.T) {
	o := Options{APIID: 1, APIHash: "x"}
	if err := o.complete(); err != nil {
		t.Fatal(err)
	}
	var ids []int
	for _, dc := range o.Network.DCs {
		ids = append(ids, dc.ID)
	}
	slices.Sort(ids)
	if !slices.Equal(ids, []int{1, 2, 3, 4, 5}) || o.Network.Test || !o.Network.Refresh {
		t.Errorf("DCs %v, test %v, refresh %v", ids, o.Network.Test, o.Network.Refresh)
	}
	if f := uint64(o.Network.PublicKeys[0].Fingerprint()); f != 0xd09d1d85de64fd85 {
		t.Errorf("production key %016x", f)
	}
	test := TestNetwork()
	if f := uint64(test.PublicKeys[0].Fingerprint()); f != 0xb25898df208d2603 || !test.Test || len(test.DCs) != 3 {
		t.Errorf("test key %016x", f)
	}
	for _, missing := range []Options{{APIID: 1}, {APIHash: "x"}} {
		if err := missing.complete(); err == nil {
			t.Errorf("%+v is accepted", missing)
		}
	}
}
