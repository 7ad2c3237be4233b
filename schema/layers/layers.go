// Package layers holds the API schema at older layers. It is apart from
// package schema so that only who serves old clients carries the 3 MB.
// [Numbers] lists the layers, [Open] gives one.
package layers

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:embed *.tl
var files embed.FS

// Numbers returns the layers that Open knows, lowest first.
func Numbers() []int {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // the embedded directory is always there
	}
	numbers := make([]int, 0, len(entries))
	for _, entry := range entries {
		if n, err := strconv.Atoi(strings.TrimSuffix(entry.Name(), ".tl")); err == nil {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers
}

// Open returns the text of the API schema at layer n. It fails, with an error
// that wraps fs.ErrNotExist, for a layer that Numbers does not list.
func Open(n int) (string, error) {
	text, err := files.ReadFile(strconv.Itoa(n) + ".tl")
	if err != nil {
		return "", fmt.Errorf("layer %d: %w", n, err)
	}
	return string(text), nil
}
