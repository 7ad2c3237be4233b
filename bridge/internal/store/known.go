package store

import "godwit/bridge"

// KnownAs returns the conversation of an account with a peer, who may be named
// as they were before they were looked up; nil: there is none.
func (t *Tx) KnownAs(id bridge.AccountID, p bridge.Peer) (*bridge.Conversation, error) {
	condition, name := `c.peer = $2`, p.String()
	switch p.Kind {
	case bridge.UsernamePeer:
		condition, name = `(c.peer = 'username:' || $2 OR lower(c.username) = $2)`, p.Name
	case bridge.PhonePeer:
		condition, name = `(c.peer = 'phone:' || $2 OR c.phone = $2)`, p.Name
	}
	list, err := collect(t.ctx, t.tx, t.dialect, "conversations of "+string(id), scanConversation, `SELECT `+conversationColumns+` FROM conversations c WHERE c.account_id = $1 AND `+condition+` ORDER BY c.id LIMIT 1`, id, name)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// Met reports whether an account can name a peer to Telegram.
func (t *Tx) Met(id bridge.AccountID, p bridge.Peer) (bool, error) {
	var met bool
	err := t.row(`SELECT EXISTS (SELECT 1 FROM peers WHERE account_id = $1 AND peer = $2)`, id, p.String()).Scan(&met)
	if err != nil {
		return false, failed(err)
	}
	return met, nil
}
