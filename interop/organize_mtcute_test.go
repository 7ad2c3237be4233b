package interop

import "context"

// Poll implements organizer.
func (p *mtcutePerson) Poll(ctx context.Context, phone, question string, answers []string) (int, error) {
	var sent message
	err := p.do(ctx, "poll", map[string]any{"phone": phone, "question": question, "answers": answers}, &sent)
	return sent.ID, err
}

// Vote implements organizer.
func (p *mtcutePerson) Vote(ctx context.Context, phone string, id, answer int) error {
	return p.do(ctx, "vote", map[string]any{"phone": phone, "message": id, "answer": answer}, nil)
}

// Votes implements organizer.
func (p *mtcutePerson) Votes(ctx context.Context, phone string, id int) (votes []int, err error) {
	err = p.do(ctx, "votes", map[string]any{"phone": phone, "message": id}, &votes)
	return votes, err
}

// Pin implements organizer.
func (p *mtcutePerson) Pin(ctx context.Context, phone string, id int) error {
	return p.do(ctx, "pin", map[string]any{"phone": phone, "message": id}, nil)
}

// Pinned implements organizer.
func (p *mtcutePerson) Pinned(ctx context.Context, phone string) (ids []int, err error) {
	err = p.do(ctx, "pinned", map[string]any{"phone": phone}, &ids)
	return ids, err
}

// SaveDraft implements organizer.
func (p *mtcutePerson) SaveDraft(ctx context.Context, phone, text string) error {
	return p.do(ctx, "saveDraft", map[string]any{"phone": phone, "text": text}, nil)
}

// Draft implements organizer.
func (p *mtcutePerson) Draft(ctx context.Context, phone string) (text string, err error) {
	err = p.do(ctx, "draft", map[string]any{"phone": phone}, &text)
	return text, err
}

// SendAlbum implements organizer.
func (p *mtcutePerson) SendAlbum(ctx context.Context, phone string, paths []string) error {
	return p.do(ctx, "sendAlbum", map[string]any{"phone": phone, "paths": paths}, nil)
}

// Album implements organizer.
func (p *mtcutePerson) Album(ctx context.Context, phone string) (n int, err error) {
	err = p.do(ctx, "album", map[string]any{"phone": phone}, &n)
	return n, err
}

// Forum implements organizer.
func (p *mtcutePerson) Forum(ctx context.Context, link, title, text string) (titles []string, err error) {
	err = p.do(ctx, "forum", map[string]any{"link": link, "title": title, "text": text}, &titles)
	return titles, err
}

// Comment implements organizer.
func (p *mtcutePerson) Comment(ctx context.Context, channel, text string) error {
	return p.do(ctx, "comment", map[string]any{"channel": channel, "text": text}, nil)
}
