package tg_test

import "testing"

// FuzzDecodeObject: what decodes encodes, and decodes to the same again
// (R-TL-05, R-TL-21, R-TL-25, R-TL-26, R-TL-28). The seeds are one value of
// each class and a wrapped call.
func FuzzDecodeObject(f *testing.F) {
	a := theAPI(f)
	seen := map[string]bool{}
	for i, e := range a.all() {
		class := e.Result.Name
		if e.Method {
			class = "method with a result of " + class
		}
		if seen[class] {
			continue
		}
		seen[class] = true
		filler := newFiller(a, uint64(i), random)
		filler.budget = 6
		f.Add(encode(f, filler.object(e)))
	}
	f.Fuzz(checkStable)
}
