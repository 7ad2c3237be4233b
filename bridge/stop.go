package bridge

import (
	"strings"
	"unicode"
)

// stopMessages are what a person writes who does not want to be written to, in
// lower case, without apostrophes and with a space for any other mark: for each
// language the words that mean nothing else when they stand alone. Words that
// also answer a question, such as "cancel", "end" or "no", are not among them.
var stopMessages = map[string][]string{
	"English": {
		"stop", "stop all", "stopall", "stop it", "please stop", "stop please", "unsubscribe", "unsubscribe me", "opt out", "optout",
		"remove me", "leave me alone", "stop writing", "stop writing me", "stop writing to me", "stop messaging me", "stop texting me",
		"stop contacting me", "dont write to me", "dont write me", "dont contact me", "do not write to me", "do not contact me",
		"dont message me", "do not message me", "no more messages",
	},
	"Arabic":     {"توقف", "قف", "إلغاء الاشتراك", "الغاء الاشتراك", "لا تراسلني"},
	"Chinese":    {"停止", "退订", "退訂", "取消订阅", "取消訂閱", "不要再发", "别再发了"},
	"Dutch":      {"stoppen", "afmelden", "uitschrijven", "schrijf me niet meer"},
	"French":     {"arret", "arrêt", "arretez", "arrêtez", "desabonner", "désabonner", "se desabonner", "se désabonner", "desinscription", "désinscription", "ne mecrivez plus", "ne mécrivez plus"},
	"German":     {"stopp", "abmelden", "abbestellen", "austragen", "keine nachrichten mehr", "bitte keine nachrichten mehr", "schreib mir nicht mehr", "schreiben sie mir nicht mehr", "nicht mehr schreiben", "lass mich in ruhe", "lassen sie mich in ruhe"},
	"Hebrew":     {"הסר", "הסירו אותי", "תפסיקו", "די"},
	"Hindi":      {"रोकें", "रोको", "बंद करो", "बंद करें"},
	"Indonesian": {"berhenti", "berhenti berlangganan", "jangan hubungi saya"},
	"Italian":    {"basta", "cancellami", "disiscrivimi", "non scrivermi", "non scrivermi più", "non scrivetemi più"},
	"Japanese":   {"停止", "配信停止", "解除", "やめてください"},
	"Korean":     {"중지", "수신거부", "수신 거부", "그만"},
	"Persian":    {"توقف", "لغو", "لغو اشتراک", "پیام ندهید"},
	"Polish":     {"wypisz", "wypisz mnie", "rezygnuję", "nie piszcie", "nie pisz do mnie", "nie piszcie do mnie"},
	"Portuguese": {"pare", "parar", "sair", "descadastrar", "não me escreva", "nao me escreva", "não me escrevam"},
	"Russian":    {"стоп", "отписаться", "отписка", "отпишите", "отпишите меня", "отпишись", "хватит", "хватит писать", "не пиши", "не пиши мне", "не пишите", "не пишите мне", "не пишите мне больше", "больше не пишите", "больше не пишите мне", "не писать", "удалите мой номер", "прекратите"},
	"Spanish":    {"parar", "pare", "para ya", "baja", "darme de baja", "deme de baja", "dame de baja", "cancelar suscripción", "no me escribas", "no me escriba", "no me escriban", "no me escribas más", "no me escriban más"},
	"Turkish":    {"dur", "durdur", "abonelikten çık", "bana yazma", "bana yazmayın"},
	"Ukrainian":  {"відписатися", "відписка", "відпишіть", "відпишіть мене", "досить", "не пиши", "не пиши мені", "не пишіть", "не пишіть мені", "більше не пишіть"},
	"Vietnamese": {"dừng", "dừng lại", "hủy đăng ký", "huỷ đăng ký"},
}

var stops = func() map[string]bool {
	set := make(map[string]bool)
	for _, list := range stopMessages {
		for _, s := range list {
			set[s] = true
		}
	}
	return set
}()

// longestStop bounds what can be a stop message, in bytes.
const longestStop = 200

// IsStop reports whether a message says that its writer does not want to be
// written to. All of it has to: case, punctuation and signs around the words do
// not count, words do. "Stop!" is one, "/stop" is, "the bus stop" is not.
func IsStop(message string) bool { return len(message) <= longestStop && stops[normalStop(message)] }

// normalStop returns a message as stopMessages has it.
func normalStop(message string) string {
	text := strings.Map(func(r rune) rune {
		switch {
		case r == '\'' || r == '’' || unicode.Is(unicode.Cf, r): // marks of direction, joiners
			return -1
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r) && !unicode.Is(unicode.Variation_Selector, r):
			return unicode.ToLower(r)
		}
		return ' '
	}, message)
	return strings.Join(strings.Fields(text), " ")
}
