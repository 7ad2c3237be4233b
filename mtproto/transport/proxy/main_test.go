package proxy

import (
	"testing"

	"godwit/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }
