package eventlog

import "testing"

// TestFrontier has everything complete when, and only when, nobody is left who
// was writing when its position was seen.
func TestFrontier(t *testing.T) {
	type look struct {
		position int64
		writers  string // a letter for each
		complete int64  // then
		waits    bool
	}
	tests := map[string][]look{
		"nobody writes": {{0, "", 0, false}, {5, "", 5, false}, {5, "", 5, false}, {9, "", 9, false}},
		"one commits late": {
			{1, "a", 0, true}, {2, "a", 0, true}, {3, "a", 0, true}, {3, "", 3, false},
		},
		"there is always one": {
			{1, "a", 0, true}, {2, "ab", 0, true}, {3, "b", 1, true}, {4, "bc", 1, true}, {5, "c", 3, true},
			{6, "d", 5, true}, {6, "e", 6, false}, {6, "", 6, false},
		},
		"one who writes no event after all": {{7, "", 7, false}, {7, "a", 7, false}, {7, "", 7, false}},
		"a later one ends first": {
			{1, "a", 0, true}, {2, "ab", 0, true}, {2, "a", 0, true}, {2, "", 2, false},
		},
		"those of two looks": {{4, "abc", 0, true}, {8, "cd", 0, true}, {8, "d", 4, true}, {9, "", 9, false}},
	}
	for name, looks := range tests {
		t.Run(name, func(t *testing.T) {
			var f frontier
			for i, l := range looks {
				writers := make(map[string]bool)
				for _, w := range l.writers {
					writers[string(w)] = true
				}
				before := f.complete
				more := f.look(l.position, writers)
				if f.complete != l.complete || f.waits() != l.waits || more != (l.complete > before) {
					t.Fatalf("look %d: complete up to %d, waits %v, more %v; want %d, %v", i, f.complete, f.waits(), more, l.complete, l.waits)
				}
			}
		})
	}
}
