package text_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"godwit/telegram/text"
	"godwit/tg"
)

// shape shows a text and its entities.
func shape(t text.Text) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q", t.Text)
	for _, e := range t.Entities {
		offset, length := tg.EntityRange(e)
		fmt.Fprintf(&b, " %s[%d+%d", strings.TrimPrefix(reflect.TypeOf(e).Elem().Name(), "MessageEntity"), *offset, *length)
		switch e := e.(type) {
		case *tg.MessageEntityTextURL:
			b.WriteString(" " + e.URL)
		case *tg.MessageEntityMentionName:
			fmt.Fprint(&b, " ", e.UserID)
		case *tg.MessageEntityCustomEmoji:
			fmt.Fprint(&b, " ", e.DocumentID)
		case *tg.MessageEntityPre:
			b.WriteString(" " + e.Language)
		case *tg.MessageEntityBlockquote:
			if e.Collapsed {
				b.WriteString(" collapsed")
			}
		}
		b.WriteString("]")
	}
	return b.String()
}

// markdowns begin with the examples of
// https://core.telegram.org/bots/api#markdownv2-style.
var markdowns = []struct{ in, want string }{
	{`*bold \*text*`, `"bold *text" Bold[0+10]`},
	{`_italic \*text_`, `"italic *text" Italic[0+12]`},
	{`__underline__`, `"underline" Underline[0+9]`},
	{`~strikethrough~`, `"strikethrough" Strike[0+13]`},
	{`||spoiler||`, `"spoiler" Spoiler[0+7]`},
	{
		`*bold _italic bold ~italic bold strikethrough ||italic bold strikethrough spoiler||~ __underline italic bold___ bold*`,
		`"bold italic bold italic bold strikethrough italic bold strikethrough spoiler underline italic bold bold" ` +
			`Bold[0+103] Italic[5+93] Strike[17+59] Spoiler[43+33] Underline[77+21]`,
	},
	{`[inline URL](http://www.example.com/)`, `"inline URL" TextURL[0+10 http://www.example.com/]`},
	{`[inline mention of a user](tg://user?id=123456789)`, `"inline mention of a user" MentionName[0+24 123456789]`},
	{`![👍](tg://emoji?id=5368324170671202286)`, `"👍" CustomEmoji[0+2 5368324170671202286]`},
	{"`inline fixed-width code`", `"inline fixed-width code" Code[0+23]`},
	{"```\npre-formatted fixed-width code block\n```", `"pre-formatted fixed-width code block\n" Pre[0+37 ]`},
	{"```python\nprint('x')```", `"print('x')" Pre[0+10 python]`},
	{
		">Block quotation started\n>Block quotation continued\n>The last line of the block quotation\n" +
			"**>The expandable block quotation started right after the previous one\n>The last line||",
		`"Block quotation started\nBlock quotation continued\nThe last line of the block quotation\n` +
			`The expandable block quotation started right after the previous one\nThe last line" ` +
			`Blockquote[0+86] Blockquote[87+81 collapsed]`,
	},
	{`___italic underline_**__`, `"italic underline" Underline[0+16] Italic[0+16]`},
	// What goes beyond them.
	{"", `""`},
	{"plain. text! (with) #marks - and + more", `"plain. text! (with) #marks - and + more"`},
	{`\_no\_ \\ \`, `"_no_ \\ \\"`},
	{"🦆 *🦆*", `"🦆 🦆" Bold[3+2]`},
	{"**____||||", `""`},
	{"`a*b_c` ~d~", `"a*b_c d" Code[0+5] Strike[6+1]`},
	{"`a\\`b\\\\c`", "\"a`b\\\\c\" Code[0+5]"},
	{`[*b* c](x\)y)`, `"b c" TextURL[0+3 x)y] Bold[0+1]`},
	{"a\n>b\nc", `"a\nb\nc" Blockquote[2+1]`},
	{">a > b\n>>c\n\nd", `"a > b\n>c\n\nd" Blockquote[0+8]`},
	{">||a||\n>b||", `"a\nb" Blockquote[0+3 collapsed] Spoiler[0+1]`},
	{">`a\n>b` ```x\n>c\n>d```", `"a\nb c\nd" Blockquote[0+7] Code[0+3] Pre[4+3 x]`},
	{"]( !", `"]( !"`},
}

var badMarkdowns = map[string]string{
	"*a":           "* is not closed",
	"*a _b* c_":    "* ends before _",
	"`a":           "` is not closed",
	"```a":         "``` is not closed",
	"[a":           "[ is not closed",
	"[a](b":        "address of a link is not closed",
	"[a]()":        "without an address",
	"![a](b)":      "tg://emoji",
	"*a\n>b*":      "before a quotation",
	">*a\nb*":      "within a quotation",
	"x||y":         "|| is not closed",
	"text _and_ _": "_ is not closed",
}

// htmls begin with the examples of https://core.telegram.org/bots/api#html-style.
var htmls = []struct{ in, want string }{
	{`<b>bold</b>, <strong>bold</strong>`, `"bold, bold" Bold[0+4] Bold[6+4]`},
	{`<i>italic</i>, <em>italic</em>`, `"italic, italic" Italic[0+6] Italic[8+6]`},
	{`<u>underline</u>, <ins>underline</ins>`, `"underline, underline" Underline[0+9] Underline[11+9]`},
	{`<s>s</s>, <strike>s</strike>, <del>s</del>`, `"s, s, s" Strike[0+1] Strike[3+1] Strike[6+1]`},
	{
		`<span class="tg-spoiler">spoiler</span>, <tg-spoiler>spoiler</tg-spoiler>`,
		`"spoiler, spoiler" Spoiler[0+7] Spoiler[9+7]`,
	},
	{
		`<b>bold <i>italic bold <s>italic bold strikethrough <span class="tg-spoiler">italic bold strikethrough spoiler</span></s> <u>underline italic bold</u></i> bold</b>`,
		`"bold italic bold italic bold strikethrough italic bold strikethrough spoiler underline italic bold bold" ` +
			`Bold[0+103] Italic[5+93] Strike[17+59] Spoiler[43+33] Underline[77+21]`,
	},
	{`<a href="http://www.example.com/">inline URL</a>`, `"inline URL" TextURL[0+10 http://www.example.com/]`},
	{`<a href="tg://user?id=123456789">inline mention of a user</a>`, `"inline mention of a user" MentionName[0+24 123456789]`},
	{`<tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>`, `"👍" CustomEmoji[0+2 5368324170671202286]`},
	{`<code>inline</code>`, `"inline" Code[0+6]`},
	{`<pre>pre-formatted</pre>`, `"pre-formatted" Pre[0+13 ]`},
	{`<pre><code class="language-python">print</code></pre>`, `"print" Pre[0+5 python]`},
	{
		"<blockquote>started\nlast</blockquote>\n<blockquote expandable>hidden</blockquote>",
		`"started\nlast\nhidden" Blockquote[0+12] Blockquote[13+6 collapsed]`,
	},
	// What goes beyond them.
	{`1 &lt; 2 &amp;&amp; 3 &gt; 2 &quot;q&quot; &#128077; &#x1F44D; &nothing; & x`, `"1 < 2 && 3 > 2 \"q\" 👍 👍 &nothing; & x"`},
	{`<B>a</B ><a href='x>y&amp;z'>b</a>`, `"ab" Bold[0+1] TextURL[1+1 x>y&z]`},
	{`<b></b>x`, `"x"`},
	{`🦆<i>🦆</i>`, `"🦆🦆" Italic[2+2]`},
}

var badHTMLs = map[string]string{
	"<b>a":             "<b> is not closed",
	"</b>":             "closes nothing",
	"<b><i>a</b></i>":  "before <i> is closed",
	"a < b":            "written as &lt;",
	"<div>a</div>":     "no tag that Telegram knows",
	"<span>a</span>":   "tg-spoiler",
	"<a>a</a>":         "without href",
	"<tg-emoji>a":      "emoji-id",
	"<a href=\"x>a</a": "written as &lt;",
}

func TestMarkdown(t *testing.T) {
	for _, test := range markdowns {
		got, err := text.ParseMarkdown(test.in)
		if err != nil || shape(got) != test.want {
			t.Errorf("%s\n got %s, %v\nwant %s", test.in, shape(got), err, test.want)
			continue
		}
		again, err := text.ParseMarkdown(got.Markdown())
		if err != nil || shape(again) != test.want {
			t.Errorf("%s\nwas written as %s\nwhich is %s, %v", test.in, got.Markdown(), shape(again), err)
		}
	}
	refuses(t, badMarkdowns, text.ParseMarkdown)
}

func TestHTML(t *testing.T) {
	for _, test := range htmls {
		got, err := text.ParseHTML(test.in)
		if err != nil || shape(got) != test.want {
			t.Errorf("%s\n got %s, %v\nwant %s", test.in, shape(got), err, test.want)
			continue
		}
		again, err := text.ParseHTML(got.HTML())
		if err != nil || shape(again) != test.want {
			t.Errorf("%s\nwas written as %s\nwhich is %s, %v", test.in, got.HTML(), shape(again), err)
		}
	}
	refuses(t, badHTMLs, text.ParseHTML)
}

func refuses(t *testing.T, bad map[string]string, parse func(string) (text.Text, error)) {
	t.Helper()
	for in, want := range bad {
		got, err := parse(in)
		var syntax *text.SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %s, %v, want an error with %q", in, shape(got), err, want)
		}
	}
}

// Entities that cross, reach beyond the text or split a character are written
// as well as can be.
func TestForeignEntities(t *testing.T) {
	for _, test := range []struct {
		t        text.Text
		markdown string
		html     string
	}{
		{text.Text{Text: "abcdef", Entities: []tg.MessageEntityClass{
			&tg.MessageEntityBold{Offset: 0, Length: 4}, &tg.MessageEntityItalic{Offset: 2, Length: 4},
		}}, "*ab_cd_*_ef_", "<b>ab<i>cd</i></b><i>ef</i>"},
		{text.Text{Text: "ab", Entities: []tg.MessageEntityClass{
			&tg.MessageEntityBold{Offset: 1, Length: 99}, &tg.MessageEntityURL{Offset: 0, Length: 1}, nil,
		}}, "a*b*", "a<b>b</b>"},
		{text.Text{Text: "a.b\nc", Entities: []tg.MessageEntityClass{&tg.MessageEntityBlockquote{Offset: 1, Length: 2}}},
			"a\\.b\nc", "a<blockquote>.b</blockquote>\nc"},
		{text.Text{Text: "a\nb\nc", Entities: []tg.MessageEntityClass{
			&tg.MessageEntityBold{Offset: 0, Length: 5}, &tg.MessageEntityBlockquote{Offset: 2, Length: 1},
		}}, "*a*\n>*b*\n*c*", "<b>a\n<blockquote>b</blockquote>\nc</b>"},
		{text.Text{Text: "a_b", Entities: []tg.MessageEntityClass{
			&tg.MessageEntityCode{Offset: 0, Length: 3}, &tg.MessageEntityBold{Offset: 0, Length: 3},
		}}, "*`a_b`*", "<b><code>a_b</code></b>"},
	} {
		if got := test.t.Markdown(); got != test.markdown {
			t.Errorf("%s: Markdown %s, want %s", shape(text.Text{Text: test.t.Text}), got, test.markdown)
		}
		if got := test.t.HTML(); got != test.html {
			t.Errorf("%s: HTML %s, want %s", test.t.Text, got, test.html)
		}
	}
}

// What is read is the same when it is written and read again, and every entity
// lies within the text.
func FuzzMarkdown(f *testing.F) {
	for _, test := range markdowns {
		f.Add(test.in)
	}
	for in := range badMarkdowns {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		roundTrip(t, in, text.ParseMarkdown, text.Text.Markdown)
	})
}

func FuzzHTML(f *testing.F) {
	for _, test := range htmls {
		f.Add(test.in)
	}
	for in := range badHTMLs {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		roundTrip(t, in, text.ParseHTML, text.Text.HTML)
	})
}

func roundTrip(t *testing.T, in string, parse func(string) (text.Text, error), write func(text.Text) string) {
	t.Helper()
	first, err := parse(in)
	if err != nil {
		return
	}
	length := int32(text.Units(first.Text))
	for _, e := range first.Entities {
		if o, l := tg.EntityRange(e); *o < 0 || *l <= 0 || *o+*l > length {
			t.Errorf("%q: %s", in, shape(first))
		}
	}
	written := write(first)
	second, err := parse(written)
	if err != nil || second.Text != first.Text {
		t.Fatalf("%q: %s was written as %q, which is %s, %v", in, shape(first), written, shape(second), err)
	}
	third, err := parse(write(second))
	if err != nil || shape(third) != shape(second) {
		t.Errorf("%q: %s became %s, %v", in, shape(second), shape(third), err)
	}
}
