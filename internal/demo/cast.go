package demo

import (
	"fmt"
	"strings"
	"time"

	"godwit/bridge"
	"godwit/sandbox"
	"godwit/sandbox/people"
)

// A desk is an account of the support desk.
type desk struct {
	id    bridge.AccountID
	name  string
	to    string // what people find it by
	phone string // empty for the bot
	user  int64  // at Telegram
}

// Who the accounts of the desk are.
const (
	annPhone   = "9996610001" // on DC 1, where clients begin
	borisPhone = "9996620002" // on DC 2
	annCode    = "11111"
	borisCode  = "22222"
	annSecret  = "correct horse"
	annHint    = "the one from the comic"
	botToken   = "1000002:AAgodwit-demo-token-of-the-desks-bot-"
	botName    = "wader_bot"
	crowdName  = "wader_watch"
	crowdTitle = "Wader watch"
	crowdSize  = 2500
)

// A role is who a person is in the story.
type role struct {
	*people.Person
	desk *desk // whom they write to
	asks exchange
}

// An exchange is a question and what the desk answers.
type exchange struct{ question, answer string }

// What people ask.
var exchanges = []exchange{
	{"Where do bar-tailed godwits winter?", "In New Zealand and Australia, most of them."},
	{"How long do they fly without landing?", "Up to eleven days and nights."},
	{"What do they eat on the way?", "Nothing. They live on what they carry."},
	{"Do they sleep?", "With one half of the brain at a time, as it seems."},
	{"How fast are they?", "Some 60 kilometres an hour, with the wind."},
	{"How do they find the way?", "By the sun, the stars and the earth's field."},
	{"When are they back?", "In March, on the way to Alaska."},
	{"Can I see one here?", "At low tide, on the mudflats."},
	{"How heavy is one?", "Twice as heavy before the flight as after it."},
	{"Who counts them?", "Volunteers, twice a year. Join us!"},
}

// What everybody asks once more, and what is asked in the group.
var (
	second  = exchange{"Are you still there?", "We are, and we have read all of it."}
	inGroup = exchange{"Who has seen the first one this year?", "We have: this morning, at the river's mouth."}
)

// answers are what the desk answers, by the question.
var answers = func() map[string]string {
	m := map[string]string{second.question: second.answer, inGroup.question: inGroup.answer}
	for _, e := range exchanges {
		m[e.question] = e.answer
	}
	return m
}()

// names are the thirty. Those who come first write to Ann and to Boris by turns,
// the last six to the bot.
var names = strings.Fields(`
	Ada Ben Cleo Dan Eve Finn Gus Hal Ida Jon Kim Lea Max Nia Oto Pia Quin Rhea Sam Tess Uma Vic Wes Xena
	Yan Zoe Abe Bea Cy Dot`)

// asksBot is how many of them write to the bot.
const asksBot = 6

// habits are what people do when they are answered the first time. Whoever is
// not named answers.
var habits = map[string]people.Habit{
	"Cleo": people.Reacts, "Kim": people.Reacts, "Xena": people.Reacts,
	"Dan": people.Corrects, "Oto": people.Corrects, "Zoe": people.Corrects,
	"Eve": people.Regrets, "Pia": people.Regrets,
	"Finn": people.Pictures, "Sam": people.Pictures, "Abe": people.Pictures,
	"Gus": people.Stops,
	"Dot": people.Blocks,
}

// main are those whose conversations are shown in full, one for each habit and
// one for the bot.
var main = map[string]bool{
	"Ada": true, "Ben": true, "Cleo": true, "Dan": true, "Eve": true, "Finn": true, "Gus": true, "Yan": true, "Dot": true,
}

// linesOf is what somebody says in answer.
func linesOf(name string) []string {
	switch habits[name] {
	case people.Pictures:
		return []string{"This is where I saw one.", "Good!"}
	case people.Corrects:
		return []string{"(I have found it in a book.)", "Good!"}
	}
	return []string{"Thank you!", "Good!"}
}

// populate puts the people and their group into the sandbox.
func (s *story) populate() error {
	if _, err := s.sandbox.AddUser(annPhone, "Ann", "Adler"); err != nil {
		return err
	}
	if err := s.sandbox.SetPassword(annPhone, annSecret, annHint); err != nil {
		return err
	}
	if _, err := s.sandbox.AddBot(botToken, "Wader bot", botName); err != nil {
		return err
	}
	s.ann = &desk{name: "Ann", to: "+" + annPhone, phone: annPhone}
	s.boris = &desk{name: "Boris", to: "+" + borisPhone, phone: borisPhone}
	s.bot = &desk{name: "bot", to: "@" + botName}
	s.cast = make(map[int64]*role)
	phones := make([]string, len(names))
	for i, name := range names {
		phones[i] = fmt.Sprintf("99966%d%04d", i%2+1, 100+i)
		p, err := people.Add(s.sandbox, people.Options{
			Phone: phones[i], Name: name, Username: strings.ToLower(name) + "_wader", Habit: habits[name], Lines: linesOf(name),
			Pause: 100 * time.Millisecond, Failed: s.fail,
		})
		if err != nil {
			return err
		}
		s.people = append(s.people, p)
		to := []*desk{s.ann, s.boris}[i%2]
		if i >= len(names)-asksBot {
			to = s.bot
		}
		s.cast[p.ID] = &role{p, to, exchanges[i%len(exchanges)]}
	}
	var err error
	s.group, err = s.sandbox.AddCrowd(sandbox.Crowd{
		Title: crowdTitle, Username: crowdName, Creator: annPhone, Phones: phones, Members: crowdSize - 1 - len(phones),
	})
	return err
}
