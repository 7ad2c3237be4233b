package store

import (
	"context"

	"godwit/bridge"
)

// An UpdateState is where an account stands in its updates
// (https://core.telegram.org/api/updates). Of bots it holds Seq alone: the
// number of the last update that the Bot API has handed out.
type UpdateState struct {
	Counters
	Channels map[int64]int // pts by channel
}

// Counters are what all but channels share.
type Counters struct{ PTS, QTS, Date, Seq int64 }

// An UpdateChange is what is new in an UpdateState.
type UpdateChange struct {
	Account  bridge.AccountID
	Counters *Counters // nil: as before
	Channels []ChannelPTS
}

// A ChannelPTS is the pts of a channel; 0 has it forgotten.
type ChannelPTS struct {
	Channel int64
	PTS     int
}

// UpdateState returns where an account stands in its updates, the zero value
// where that was never stored.
func (s *Store) UpdateState(ctx context.Context, id bridge.AccountID) (UpdateState, error) {
	var u UpdateState
	// The counters are those of channel 0, which is none.
	found, err := s.read.QueryContext(ctx, `SELECT 0, pts, qts, date, seq FROM update_states WHERE account_id = $1
		UNION ALL SELECT channel_id, pts, 0, 0, 0 FROM channel_states WHERE account_id = $1`, id)
	if err != nil {
		return UpdateState{}, failed(err)
	}
	err = scanAll(found, func(row scanner) error {
		var channel int64
		var c Counters
		err := row.Scan(&channel, &c.PTS, &c.QTS, &c.Date, &c.Seq)
		switch {
		case channel == 0:
			u.Counters = c
			return err
		case u.Channels == nil:
			u.Channels = make(map[int64]int)
		}
		u.Channels[channel] = int(c.PTS)
		return err
	})
	if err != nil {
		return UpdateState{}, err
	}
	return u, nil
}

var (
	counterTable = table{
		{"account_id", text}, {"pts", integer}, {"qts", integer}, {"date", integer}, {"seq", integer},
	}
	channelTable = table{{"account_id", text}, {"channel_id", integer}, {"pts", integer}}
)

// SetUpdateStates stores changes of update states, at most one for each
// account. Whoever calls it makes sure by [Tx.LockAccounts] or [Tx.CheckOwner]
// that the accounts have the owner that the changes come from.
func (t *Tx) SetUpdateStates(changes []UpdateChange) error {
	counters, channels, forgotten := t.rows(counterTable), t.rows(channelTable), t.rows(channelTable)
	var some struct{ counters, channels, forgotten bool }
	for _, c := range changes {
		if c.Counters != nil {
			counters.add(c.Account, c.Counters.PTS, c.Counters.QTS, c.Counters.Date, c.Counters.Seq)
			some.counters = true
		}
		for _, channel := range c.Channels {
			if channel.PTS == 0 {
				forgotten.add(c.Account, channel.Channel, 0)
				some.forgotten = true
				continue
			}
			channels.add(c.Account, channel.Channel, channel.PTS)
			some.channels = true
		}
	}
	if some.counters {
		if _, err := t.execRows(counters, `INSERT INTO update_states (account_id, pts, qts, date, seq)
			SELECT `+counterTable.names("r.")+` FROM `+t.dialect.from(counterTable)+` WHERE true
			ON CONFLICT (account_id) DO UPDATE SET pts = excluded.pts, qts = excluded.qts, date = excluded.date,
			seq = excluded.seq`); err != nil {
			return err
		}
	}
	if some.channels {
		if _, err := t.execRows(channels, `INSERT INTO channel_states (account_id, channel_id, pts)
			SELECT `+channelTable.names("r.")+` FROM `+t.dialect.from(channelTable)+` WHERE true
			ON CONFLICT (account_id, channel_id) DO UPDATE SET pts = excluded.pts`); err != nil {
			return err
		}
	}
	if some.forgotten {
		_, err := t.execRows(forgotten, `DELETE FROM channel_states WHERE (account_id, channel_id) IN
			(SELECT r.account_id, r.channel_id FROM `+t.dialect.from(channelTable)+`)`)
		return err
	}
	return nil
}
