package botapi

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"godwit/tg"
	"godwit/tl"
)

// show writes a text with its entities in brackets.
func show(f formatted) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s", f.text)
	for _, e := range f.entities {
		offset, length := tg.EntityRange(e)
		fmt.Fprintf(&out, " [%s %d %d", entityNames[tl.TypeID(e)], *offset, *length)
		switch e := e.(type) {
		case *tg.MessageEntityTextURL:
			fmt.Fprintf(&out, " %s", e.URL)
		case *tg.MessageEntityMentionName:
			fmt.Fprintf(&out, " %d", e.UserID)
		case *tg.MessageEntityPre:
			fmt.Fprintf(&out, " %s", e.Language)
		case *tg.MessageEntityBlockquote:
			fmt.Fprintf(&out, " %v", e.Collapsed)
		case *tg.MessageEntityCustomEmoji:
			fmt.Fprintf(&out, " %d", e.DocumentID)
		}
		out.WriteString("]")
	}
	return out.String()
}

// What is refused, and how, is what Telegram's own tests of its parsers have.
func TestParse(t *testing.T) {
	for _, test := range []struct {
		parse func(string) (formatted, error)
		in    string
		want  string // or the error behind "can't parse entities: "
	}{
		{parseMarkdownV2, "a *b _c_* d", "a b c d [bold 2 3] [italic 4 1]"},
		{parseMarkdownV2, `\*a\* 1\.`, "*a* 1."},
		{parseMarkdownV2, "__u__ ~s~ ||p|| `c`", "u s p c [underline 0 1] [strikethrough 2 1] [spoiler 4 1] [code 6 1]"},
		{parseMarkdownV2, "🏟 *🏟*", "🏟 🏟 [bold 3 2]"},
		{parseMarkdownV2, "[a](http://b.c/\\)d)", "a [text_link 0 1 http://b.c/)d]"},
		{parseMarkdownV2, "[a](tg://user?id=7)", "a [text_mention 0 1 7]"},
		{parseMarkdownV2, "![x](tg://emoji?id=5)", "x [custom_emoji 0 1 5]"},
		{parseMarkdownV2, "```go\nx\n```", "x\n [pre 0 2 go]"},
		{parseMarkdownV2, "``````", ""},
		{parseMarkdownV2, "a\n>b\n>c\nd", "a\nb\nc\nd [blockquote 2 3 false]"},
		{parseMarkdownV2, ">b\n>c||", "b\nc [blockquote 0 3 true]"},
		{parseMarkdownV2, ">a\n**>b", "a\nb [blockquote 0 1 false] [blockquote 2 1 false]"},
		{parseMarkdownV2, "a.", `Character '.' is reserved and must be escaped with the preceding '\'`},
		{parseMarkdownV2, "a|b", `Character '|' is reserved and must be escaped with the preceding '\'`},
		{parseMarkdownV2, "ab *c", "Can't find end of Bold entity at byte offset 3"},
		{parseMarkdownV2, "_a", "Can't find end of Italic entity at byte offset 0"},
		{parseMarkdownV2, "||a", "Can't find end of Spoiler entity at byte offset 0"},
		{parseMarkdownV2, "```x", "Can't find end of Pre entity at byte offset 0"},
		{parseMarkdownV2, "```x\ny", "Can't find end of PreCode entity at byte offset 0"},
		{parseMarkdownV2, "[a](b", "Can't find end of a URL at byte offset 4"},
		{parseMarkdownV2, "[a", "Can't find end of TextUrl entity at byte offset 0"},
		{parseMarkdownV2, "![a]", "Custom emoji entity must contain a tg://emoji URL"},
		{parseMarkdownV2, ">*a\nb", "Can't find end of Bold entity at byte offset 1"},

		{parseMarkdown, "*a* _b_ `c` [d](http://e.f/) \\*g", "a b c d *g [bold 0 1] [italic 2 1] [code 4 1] [text_link 6 1 http://e.f/]"},
		{parseMarkdown, "```go\na```", "a [pre 0 1 go]"},
		{parseMarkdown, "a *b", "Can't find end of the entity starting at byte offset 2"},

		{parseHTML, "<b>a<i>b</i></b>", "ab [bold 0 2] [italic 1 1]"},
		{parseHTML, "&lt;&#65;&#x42;&ge;&amp;", "<AB&ge;&"},
		{parseHTML, "<a href='http://b.c/?d=1&amp;e=2'>x</a>", "x [text_link 0 1 http://b.c/?d=1&e=2]"},
		{parseHTML, "<a>http://b.c/</a>", "http://b.c/ [text_link 0 11 http://b.c/]"},
		{parseHTML, "<a href=\"tg://user?id=7\">x</a>", "x [text_mention 0 1 7]"},
		{parseHTML, "<pre><code class=\"language-go\">x</code></pre>", "x [pre 0 1 go]"},
		{parseHTML, "<tg-spoiler>a</tg-spoiler><span class=\"tg-spoiler\">b</span>", "ab [spoiler 0 1] [spoiler 1 1]"},
		{parseHTML, "<blockquote expandable>a</blockquote>", "a [blockquote 0 1 true]"},
		{parseHTML, "<tg-emoji emoji-id=\"5\">x</tg-emoji>", "x [custom_emoji 0 1 5]"},
		{parseHTML, "<S>a</s>", "a [strikethrough 0 1]"},
		{parseHTML, "🏟 🏟&lt;<abac>", `Unsupported start tag "abac" at byte offset 13`},
		{parseHTML, "🏟 🏟&lt;<i   =aba>", `Empty attribute name in the tag "i" at byte offset 13`},
		{parseHTML, "🏟 🏟&lt;<i    aba>", `Can't find end tag corresponding to start tag "i"`},
		{parseHTML, "🏟 🏟&lt;<i    aba  =  ", `Unclosed start tag "i" at byte offset 13`},
		{parseHTML, "🏟 🏟&lt;<i    aba  =  190azAz-.,", "Unexpected end of name token at byte offset 27"},
		{parseHTML, "🏟 🏟&lt;<i    aba  =  \"&lt;&gt;&quot;>", "Unclosed start tag at byte offset 13"},
		{parseHTML, "🏟 🏟&lt;</", "Unexpected end tag at byte offset 13"},
		{parseHTML, "🏟 🏟&lt;<i>a</i   ", "Unclosed end tag at byte offset 17"},
		{parseHTML, "🏟 🏟&lt;<i>a</em   >", `Unmatched end tag at byte offset 17, expected "</i>", found "</em>"`},
		{parseHTML, "<span>a</span>", `Tag "span" must have class "tg-spoiler" at byte offset 0`},
	} {
		f, err := test.parse(test.in)
		got := show(f)
		if err != nil {
			got = strings.TrimPrefix(asRefusal(err).description, "Bad Request: can't parse entities: ")
		}
		if got != test.want {
			t.Errorf("%q: %q, want %q", test.in, got, test.want)
		}
	}
}

// Whatever is read, nothing breaks, and entities lie within the text.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"*a _b_* `c`", "<b>a</b>&lt;", "```go\nx```", ">a\n**>b||", "![a](tg://emoji?id=5)", "\\", "<a href='", "[[]("} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return // requests are checked before
		}
		for _, parse := range []func(string) (formatted, error){parseMarkdown, parseMarkdownV2, parseHTML} {
			out, err := parse(s)
			if err != nil {
				var refused *refusal
				if !errors.As(err, &refused) || refused.code != 400 {
					t.Fatalf("%q: %v", s, err)
				}
				continue
			}
			if !utf8.ValidString(out.text) {
				t.Fatalf("%q: text %q", s, out.text)
			}
			for _, e := range out.entities {
				offset, length := tg.EntityRange(e)
				if *offset < 0 || *length <= 0 || *offset+*length > units(out.text) {
					t.Fatalf("%q: entity %d+%d of %d", s, *offset, *length, units(out.text))
				}
			}
		}
	})
}

// A file id that is read is written the same way.
func FuzzFileID(f *testing.F) {
	b := newBot(nil, token)
	f.Add(b.fileID(fileName{kindPhoto, 5, "x"}))
	f.Add("")
	f.Fuzz(func(t *testing.T, id string) {
		n, err := b.fileOf(id)
		if err == nil && b.fileID(n) != id {
			t.Errorf("%q is read as %+v, which is written %q", id, n, b.fileID(n))
		}
	})
}
