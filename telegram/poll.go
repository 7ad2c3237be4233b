package telegram

import (
	"context"
	"errors"
	"time"

	"godwit/tg"
	"godwit/tl"
)

// A Poll is a question to be asked, with 2 to 12 answers.
type Poll struct {
	Question string
	Answers  []string

	Public   bool // shows who has voted for what
	Multiple bool // more than one answer can be chosen

	// Quiz says that the answer with the index Correct is the right one. Solution
	// explains it to those who have voted.
	Quiz     bool
	Correct  int
	Solution string

	Open time.Duration // after which it closes, 5 s to 10 min; 0: never
}

// Media returns the poll as what a message carries.
func (p Poll) Media() tg.InputMediaClass {
	in := &tg.InputMediaPoll{Poll: tg.Poll{
		PublicVoters: p.Public, MultipleChoice: p.Multiple, Quiz: p.Quiz, Question: tg.TextWithEntities{Text: p.Question},
	}}
	for _, a := range p.Answers {
		in.Poll.Answers = append(in.Poll.Answers, &tg.InputPollAnswer{Text: tg.TextWithEntities{Text: a}})
	}
	if p.Quiz {
		in.CorrectAnswers = []int32{int32(p.Correct)}
		in.Solution = tl.Optional[string]{Value: p.Solution, Set: p.Solution != ""}
	}
	if p.Open > 0 {
		in.Poll.ClosePeriod = tl.Some(int32(p.Open / time.Second))
	}
	return in
}

// ErrNoPoll says that a message holds no poll.
var ErrNoPoll = errors.New("telegram: the message holds no poll")

// poll fetches the poll in a message.
func (c *Client) poll(ctx context.Context, peer tg.InputPeerClass, id int) (*tg.MessageMediaPoll, error) {
	messages, err := c.Messages(ctx, peer, id)
	if err != nil {
		return nil, err
	}
	if m, ok := messages[0].(*tg.Message); ok {
		if p, ok := m.Media.(*tg.MessageMediaPoll); ok {
			return p, nil
		}
	}
	return nil, ErrNoPoll
}

// Vote chooses answers of the poll in a message, by their indices. None takes
// the vote back. It returns the results that the account may see.
func (c *Client) Vote(ctx context.Context, peer tg.InputPeerClass, id int, answers ...int) (*tg.PollResults, error) {
	p, err := c.poll(ctx, peer, id)
	if err != nil {
		return nil, err
	}
	request := &tg.MessagesSendVote{Peer: peer, MsgID: int32(id), Options: [][]byte{}}
	for _, i := range answers {
		if i < 0 || i >= len(p.Poll.Answers) {
			return nil, errAnswer
		}
		a, ok := p.Poll.Answers[i].(*tg.PollAnswer)
		if !ok {
			return nil, errAnswer
		}
		request.Options = append(request.Options, a.Option)
	}
	answer, err := tg.Call(ctx, c, request)
	if err != nil {
		return nil, err
	}
	for _, u := range c.updatesOf(request, answer) {
		if u, ok := u.(*tg.UpdateMessagePoll); ok && u.PollID == p.Poll.ID {
			return &u.Results, nil
		}
	}
	return &p.Results, nil
}

var errAnswer = errors.New("telegram: the poll has no answer of that index")

// ClosePoll ends a poll that the account has sent.
func (c *Client) ClosePoll(ctx context.Context, peer tg.InputPeerClass, id int) error {
	p, err := c.poll(ctx, peer, id)
	if err != nil {
		return err
	}
	poll := p.Poll
	poll.Closed = true
	return c.update(ctx, &tg.MessagesEditMessage{Peer: peer, ID: int32(id), Media: &tg.InputMediaPoll{Poll: poll}})
}
