package sandbox

import "strings"

// phonePrefix begins every phone number of a sandbox (R-AP-10): 99966XYYYY
// lives on DC X.
const phonePrefix = "99966"

// codeLength is how many digits a login code has.
const codeLength = 5

// cleanPhone takes out what people put between the digits of a number.
func cleanPhone(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("+ -()", r) {
			return -1
		}
		return r
	}, s)
}

// parsePhone returns a clean number and its home DC. It is not ok if the
// number breaks the convention or names a DC above dcs.
func parsePhone(s string, dcs int) (phone string, dc int, ok bool) {
	phone = cleanPhone(s)
	rest, found := strings.CutPrefix(phone, phonePrefix)
	if !found || len(rest) != 5 {
		return phone, 0, false
	}
	for _, c := range rest {
		if c < '0' || c > '9' {
			return phone, 0, false
		}
	}
	dc = int(rest[0] - '0')
	return phone, dc, dc >= 1 && dc <= dcs
}

// phoneCode returns the login code of a clean number.
func phoneCode(phone string) string { return strings.Repeat(phone[len(phonePrefix):][:1], codeLength) }
