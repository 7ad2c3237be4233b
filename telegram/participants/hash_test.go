package participants

import (
	"fmt"
	"testing"

	"godwit/internal/vectors"
	"godwit/tg"
)

// R-PT-08: the hash of a list.
func TestHash(t *testing.T) {
	for i := range vectors.Len(t, "pagination_hash") {
		at := fmt.Sprintf("pagination_hash.%d.", i)
		var list []tg.ChannelParticipantClass
		for j := range vectors.Len(t, at+"ids") {
			list = append(list, &tg.ChannelParticipant{UserID: vectors.Int(t, fmt.Sprintf("%sids.%d", at, j))})
		}
		if got, want := hashOf(list), vectors.Int(t, at+"hash_i64"); got != want {
			t.Errorf("vector %d: %d, want %d", i, got, want)
		}
	}
}
