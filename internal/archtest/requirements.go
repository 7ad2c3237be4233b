package archtest

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Requirement is one numbered rule of the protocol that tests cite.
type Requirement struct {
	ID   string // such as R-AK-16
	Open string // why no test cites it yet; "" where one must
}

var requirementID = regexp.MustCompile(`^R-[A-Z]{2}-\d{2}$`)

// ParseRequirements reads a list with one requirement a line: its number, and
// where no test has to cite it yet, the reason behind a colon. Empty lines and
// lines that start with # are passed over.
func ParseRequirements(r io.Reader) ([]Requirement, error) {
	var list []Requirement
	seen := map[string]bool{}
	scanner := bufio.NewScanner(r)
	for n := 1; scanner.Scan(); n++ {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		id, reason, open := strings.Cut(line, ":")
		reason = strings.TrimSpace(reason)
		switch {
		case !requirementID.MatchString(id):
			return nil, fmt.Errorf("line %d: %q is no requirement number", n, id)
		case seen[id]:
			return nil, fmt.Errorf("line %d: %s stands twice", n, id)
		case open && reason == "":
			return nil, fmt.Errorf("line %d: %s is open without a reason", n, id)
		}
		seen[id] = true
		list = append(list, Requirement{ID: id, Open: reason})
	}
	return list, scanner.Err()
}

// citation matches R-AK-30, and with what follows it R-AK-30,31, R-AK-30..33
// and R-AK-30..R-AK-33.
var citation = regexp.MustCompile(`R-([A-Z]{2})-(\d{2})((?:(?:\.\.|, ?)(?:R-[A-Z]{2}-)?\d{2}\b)*)`)

var continuation = regexp.MustCompile(`(\.\.|, ?)(?:R-([A-Z]{2})-)?(\d{2})`)

// Citations returns the requirement numbers that a text cites.
func Citations(text string) []string {
	var ids []string
	for _, match := range citation.FindAllStringSubmatch(text, -1) {
		group, last := match[1], match[2]
		ids = append(ids, "R-"+group+"-"+last)
		for _, next := range continuation.FindAllStringSubmatch(match[3], -1) {
			if next[2] != "" && next[2] != group {
				group = next[2]
			} else if next[1] == ".." {
				ids = append(ids, between(group, last, next[3])...)
			}
			last = next[3]
			ids = append(ids, "R-"+group+"-"+last)
		}
	}
	return ids
}

// between returns the numbers after first and before last.
func between(group, first, last string) []string {
	from, _ := strconv.Atoi(first)
	to, _ := strconv.Atoi(last)
	var ids []string
	for n := from + 1; n < to; n++ {
		ids = append(ids, fmt.Sprintf("R-%s-%02d", group, n))
	}
	return ids
}

// CheckCitations reports the requirements of the list that must be cited by a
// test of the tree and are not. open are those that are not cited and need not
// be yet; done are those that the list calls open although a test cites them.
func (t *Tree) CheckCitations(list []Requirement) (problems, open, done []string) {
	cited := map[string]bool{}
	for _, file := range t.Files {
		if !file.Test || below(file.Dir, "internal/archtest") {
			continue
		}
		for _, id := range Citations(file.Source) {
			cited[id] = true
		}
	}
	for _, requirement := range list {
		switch {
		case cited[requirement.ID] && requirement.Open != "":
			done = append(done, requirement.ID)
		case cited[requirement.ID]:
		case requirement.Open != "":
			open = append(open, requirement.ID+": "+requirement.Open)
		default:
			problems = append(problems, requirement.ID+" is cited by no test")
		}
	}
	slices.Sort(open)
	return problems, open, done
}
