//go:build !unix && !windows

package lockfile

import (
	"errors"
	"fmt"
	"os"
)

// Open fails: what two programs could use at once would come to harm, as the
// session of both does by one auth key (R-ER-09).
func Open(string) (*os.File, error) {
	return nil, fmt.Errorf("locking files on this system: %w", errors.ErrUnsupported)
}
