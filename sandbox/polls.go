package sandbox

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(sendVote)
	register(getPollResults)
	register(getPollVotes)
}

// Limits of polls.
const (
	minAnswers  = 2
	maxAnswers  = 12
	maxQuestion = 255 // code points
	maxAnswer   = 100 // code points
	maxVoters   = 50  // of one page
)

// A poll is one question, however many messages show it.
type poll struct {
	tg.Poll
	options  []*tg.PollAnswer
	correct  map[int]bool // of a quiz, by index
	solution string
	marks    []tg.MessageEntityClass
	votes    []vote // in the order in which they came
	shown    []*message
}

// A vote is what one user has chosen.
type vote struct {
	user   *user
	chosen []int // indices of options
	date   int32
}

// newPoll checks a poll that is to be sent.
func (c *call) newPoll(in *tg.InputMediaPoll) (*poll, error) {
	p := &poll{Poll: in.Poll, solution: in.Solution.Or(""), marks: in.SolutionEntities, correct: make(map[int]bool)}
	switch n := utf8.RuneCountInString(p.Question.Text); {
	case n == 0 || n > maxQuestion:
		return nil, refusal(400, "POLL_QUESTION_INVALID")
	case len(in.Poll.Answers) < minAnswers || len(in.Poll.Answers) > maxAnswers:
		return nil, refusal(400, "POLL_ANSWERS_INVALID")
	case p.Quiz && p.MultipleChoice:
		return nil, refusal(400, "QUIZ_MULTIPLE_INVALID")
	case p.Quiz && len(in.CorrectAnswers) == 0:
		return nil, refusal(400, "QUIZ_CORRECT_ANSWERS_EMPTY")
	case len(in.CorrectAnswers) > 1:
		return nil, refusal(400, "QUIZ_CORRECT_ANSWERS_TOO_MUCH")
	}
	for i, a := range in.Poll.Answers {
		answer := &tg.PollAnswer{Option: []byte{byte('0' + i)}}
		switch a := a.(type) {
		case *tg.PollAnswer:
			answer.Text = a.Text
			if len(a.Option) > 0 {
				answer.Option = a.Option
			}
		case *tg.InputPollAnswer:
			answer.Text = a.Text
		}
		if n := utf8.RuneCountInString(answer.Text.Text); n == 0 || n > maxAnswer {
			return nil, refusal(400, "POLL_ANSWER_INVALID")
		}
		if p.option(answer.Option) >= 0 {
			return nil, refusal(400, "POLL_OPTION_DUPLICATE")
		}
		p.options = append(p.options, answer)
	}
	for _, i := range in.CorrectAnswers {
		if i < 0 || int(i) >= len(p.options) {
			return nil, refusal(400, "QUIZ_CORRECT_ANSWER_INVALID")
		}
		p.correct[int(i)] = true
	}
	p.ID = c.world().randomID()
	p.Closed = false
	p.Answers = make([]tg.PollAnswerClass, len(p.options))
	for i, a := range p.options {
		p.Answers[i] = a
	}
	c.world().polls[p.ID] = p
	return p, nil
}

// option returns the index of an option, -1 if there is none.
func (p *poll) option(option []byte) int {
	return slices.IndexFunc(p.options, func(a *tg.PollAnswer) bool { return bytes.Equal(a.Option, option) })
}

// vote returns what u has chosen, nil if nothing.
func (p *poll) vote(u *user) *vote {
	for i := range p.votes {
		if p.votes[i].user == u {
			return &p.votes[i]
		}
	}
	return nil
}

func (p *poll) media(viewer *user) *tg.MessageMediaPoll {
	return &tg.MessageMediaPoll{Poll: p.Poll, Results: p.results(viewer)}
}

// results counts the votes. Who has not voted in an open poll does not see
// them.
func (p *poll) results(viewer *user) tg.PollResults {
	out := tg.PollResults{TotalVoters: tl.Some(int32(len(p.votes)))}
	own := p.vote(viewer)
	if own == nil && !p.Closed {
		return out
	}
	for i, a := range p.options {
		n := int32(0)
		for _, v := range p.votes {
			if slices.Contains(v.chosen, i) {
				n++
			}
		}
		out.Results = append(out.Results, tg.PollAnswerVoters{
			Chosen: own != nil && slices.Contains(own.chosen, i), Correct: p.correct[i],
			Option: a.Option, Voters: tl.Some(n),
		})
	}
	if p.PublicVoters {
		for _, v := range slices.Backward(p.votes[max(0, len(p.votes)-3):]) {
			out.RecentVoters = append(out.RecentVoters, v.user.key().object())
		}
	}
	if p.solution != "" {
		out.Solution, out.SolutionEntities = tl.Some(p.solution), p.marks
	}
	return out
}

// findPoll returns the poll in a message that the caller names.
func (c *call) findPoll(peer tg.InputPeerClass, id int32) (*entry, error) {
	e, err := c.findMessage(peer, id)
	if err == nil && e.poll == nil {
		err = errMessageInvalid
	}
	return e, err
}

func sendVote(c *call, q *tg.MessagesSendVote) (tg.UpdatesClass, error) {
	e, err := c.findPoll(q.Peer, q.MsgID)
	if err != nil {
		return nil, err
	}
	p := e.poll
	old := p.vote(c.user)
	switch {
	case p.Closed:
		return nil, refusal(400, "MESSAGE_POLL_CLOSED")
	case old != nil && (p.Quiz || p.RevotingDisabled):
		return nil, refusal(400, "REVOTE_NOT_ALLOWED")
	case len(q.Options) > 1 && !p.MultipleChoice:
		return nil, refusal(400, "OPTIONS_TOO_MUCH")
	}
	var chosen []int
	for _, option := range q.Options {
		i := p.option(option)
		if i < 0 || slices.Contains(chosen, i) {
			return nil, refusal(400, "OPTION_INVALID")
		}
		chosen = append(chosen, i)
	}
	if old != nil {
		p.votes = slices.DeleteFunc(p.votes, func(v vote) bool { return v.user == c.user })
	}
	if len(chosen) > 0 {
		p.votes = append(p.votes, vote{c.user, chosen, c.world().unix()})
	}
	c.polled(p)
	return c.updates(c.user), nil
}

// polled tells all who see a poll how it stands.
func (c *call) polled(p *poll) {
	w := c.world()
	told := make(map[*user]bool)
	tell := func(u *user) {
		if told[u] {
			return
		}
		told[u] = true
		results := p.results(u)
		update := &tg.UpdateMessagePoll{PollID: p.ID, Poll: &p.Poll, Results: results}
		c.tell(u, update)
		for _, voter := range results.RecentVoters {
			c.batch(u).seen.add(peerKey{peerUser, voter.(*tg.PeerUser).UserID})
		}
	}
	for _, m := range p.shown {
		for owner := range m.copies {
			if owner != 0 {
				tell(w.users[owner])
				continue
			}
			for u := range w.online(w.channels[m.to.id]) {
				tell(u)
			}
		}
	}
}

// closePoll serves messages.editMessage for a poll that is to be closed.
func (c *call) closePoll(e *entry, in *tg.InputMediaPoll) (tg.UpdatesClass, error) {
	if !in.Poll.Closed || e.poll.Closed {
		return nil, refusal(400, "MESSAGE_NOT_MODIFIED")
	}
	e.poll.Closed = true
	c.logMessage(logEdit, e, func(m tg.MessageClass) tg.ChannelAdminLogEventActionClass {
		return &tg.ChannelAdminLogEventActionStopPoll{Message: m}
	})
	c.polled(e.poll)
	c.edited(e.message)
	return c.updates(c.user), nil
}

func getPollResults(c *call, q *tg.MessagesGetPollResults) (tg.UpdatesClass, error) {
	e, err := c.findPoll(q.Peer, q.MsgID)
	if err != nil {
		return nil, err
	}
	var seen refs
	seen.entry(e)
	return &tg.Updates{
		Updates: []tg.UpdateClass{&tg.UpdateMessagePoll{PollID: e.poll.ID, Poll: &e.poll.Poll, Results: e.poll.results(c.user)}},
		Users:   c.world().userObjects(c.user, &seen), Chats: c.world().chatObjects(c.user, &seen), Date: c.world().unix(),
	}, nil
}

// getPollVotes serves messages.getPollVotes: of polls that are not anonymous,
// to those who have voted.
func getPollVotes(c *call, q *tg.MessagesGetPollVotes) (*tg.MessagesVotesList, error) {
	e, err := c.findPoll(q.Peer, q.ID)
	if err != nil {
		return nil, err
	}
	p := e.poll
	switch {
	case !p.PublicVoters:
		return nil, refusal(403, "BROADCAST_FORBIDDEN")
	case p.vote(c.user) == nil && !p.Closed:
		return nil, refusal(403, "POLL_VOTE_REQUIRED")
	}
	var all []vote
	for _, v := range slices.Backward(p.votes) {
		if q.Option == nil || slices.Contains(v.chosen, p.option(q.Option)) {
			all = append(all, v)
		}
	}
	part, next, err := pageOf(all, q.Offset.Or(""), q.Limit, maxVoters)
	if err != nil {
		return nil, err
	}
	out := &tg.MessagesVotesList{Count: int32(len(all)), NextOffset: text(next), Votes: []tg.MessagePeerVoteClass{}}
	var seen refs
	for _, v := range part {
		seen.add(v.user.key())
		out.Votes = append(out.Votes, p.voteObject(v))
	}
	out.Users, out.Chats = c.world().userObjects(c.user, &seen), []tg.ChatClass{}
	return out, nil
}

func (p *poll) voteObject(v vote) tg.MessagePeerVoteClass {
	if len(v.chosen) == 1 {
		return &tg.MessagePeerVote{Peer: v.user.key().object(), Option: p.options[v.chosen[0]].Option, Date: v.date}
	}
	out := &tg.MessagePeerVoteMultiple{Peer: v.user.key().object(), Date: v.date}
	for _, i := range v.chosen {
		out.Options = append(out.Options, p.options[i].Option)
	}
	return out
}
