package coldbuild_test

import (
	"strings"
	"testing"

	"godwit/benchmarks/internal/coldbuild"
)

// A real measurement takes minutes, so only what goes wrong is tested here:
// the errors name the package and the cause.
func TestMeasureFails(t *testing.T) {
	_, err := coldbuild.Measure(t.TempDir(), "./nowhere")
	if err == nil || !strings.Contains(err.Error(), "./nowhere") {
		t.Errorf("%v, want an error that names the package", err)
	}
}
