package store

import (
	"context"
	"fmt"
	"time"

	"godwit/bridge"
)

var (
	deliveryTable = table{
		{"webhook_id", text}, {"position", integer}, {"event_id", text}, {"type", text}, {"account_id", text},
		{"lane", text}, {"state", text}, {"attempts", integer}, {"at", timestamp}, {"took", integer},
		{"status", integer}, {"error", text},
	}
	deliveryColumns = deliveryTable.names("")
	laneTable       = table{{"webhook_id", text}, {"lane", text}, {"due", timestamp}}
)

// deliveryFields are where deliveryColumns are read to.
func deliveryFields(d *bridge.Delivery) []any {
	return []any{
		&d.WebhookID, &d.Position, &d.EventID, &d.Type, &d.AccountID, &d.Lane, &d.State, &d.Attempts,
		timeColumn{&d.At}, durationColumn{&d.Took}, &d.Status, &d.Error,
	}
}

// A durationColumn reads microseconds.
type durationColumn struct{ to *time.Duration }

// Scan implements sql.Scanner.
func (c durationColumn) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("%T is no duration", v)
	}
	*c.to = time.Duration(n) * time.Microsecond
	return nil
}

// PutDeliveries stores what has become of events, whatever was stored of them
// before. No two may be of one event and webhook. Whoever calls it makes sure by
// [Tx.AdvanceWebhook] that the webhook is there, and stays.
func (t *Tx) PutDeliveries(deliveries []*bridge.Delivery) error {
	if len(deliveries) == 0 {
		return nil
	}
	r := t.rows(deliveryTable)
	for _, d := range deliveries {
		r.add(d.WebhookID, d.Position, d.EventID, d.Type, d.AccountID, d.Lane, d.State, d.Attempts,
			d.At, d.Took.Microseconds(), d.Status, d.Error)
	}
	_, err := t.execRows(r, `INSERT INTO webhook_deliveries (`+deliveryColumns+`)
		SELECT `+deliveryTable.names("r.")+` FROM `+t.dialect.from(deliveryTable)+` WHERE true
		ON CONFLICT (webhook_id, position) DO UPDATE SET
		lane = excluded.lane, state = excluded.state, attempts = excluded.attempts, at = excluded.at,
		took = excluded.took, status = excluded.status, error = excluded.error`)
	return err
}

// DropDelivery forgets what has become of an event.
func (t *Tx) DropDelivery(id bridge.WebhookID, position int64) error {
	_, err := t.exec(`DELETE FROM webhook_deliveries WHERE webhook_id = $1 AND position = $2`, id, position)
	return err
}

// A Lane is what of a webhook is delivered in order, and waits until a time.
type Lane struct {
	Key string
	Due time.Time
}

// Lanes returns those of a webhook's lanes that wait.
func (s *Store) Lanes(ctx context.Context, id bridge.WebhookID) ([]Lane, error) {
	return collect(ctx, s.read, s.dialect, "lanes", func(row scanner) (l Lane, err error) {
		err = row.Scan(&l.Key, timeColumn{&l.Due})
		return l, err
	}, `SELECT lane, due FROM webhook_lanes WHERE webhook_id = $1`, id)
}

// PutLanes has lanes of a webhook wait. No two may have one key.
func (t *Tx) PutLanes(id bridge.WebhookID, lanes []Lane) error {
	if len(lanes) == 0 {
		return nil
	}
	r := t.rows(laneTable)
	for _, l := range lanes {
		r.add(id, l.Key, l.Due)
	}
	_, err := t.execRows(r, `INSERT INTO webhook_lanes (webhook_id, lane, due)
		SELECT `+laneTable.names("r.")+` FROM `+t.dialect.from(laneTable)+` WHERE true
		ON CONFLICT (webhook_id, lane) DO UPDATE SET due = excluded.due`)
	return err
}

// DropLane has a lane of a webhook wait no more.
func (t *Tx) DropLane(id bridge.WebhookID, key string) error {
	_, err := t.exec(`DELETE FROM webhook_lanes WHERE webhook_id = $1 AND lane = $2`, id, key)
	return err
}

// A Waiting is a delivery that waits, and its event.
type Waiting struct {
	bridge.Delivery
	Event *bridge.Event // nil: it was deleted
}

// WaitingIn returns up to limit pending deliveries of a lane, in the order of
// the log.
func (s *Store) WaitingIn(ctx context.Context, id bridge.WebhookID, lane string, limit int) ([]Waiting, error) {
	waiting, err := collect(ctx, s.read, s.dialect, "deliveries", func(row scanner) (w Waiting, err error) {
		err = row.Scan(deliveryFields(&w.Delivery)...)
		return w, err
	}, `SELECT `+deliveryColumns+` FROM webhook_deliveries
		WHERE webhook_id = $1 AND lane = $2 AND state = 'pending' ORDER BY position LIMIT $3`, id, lane, limit)
	if err != nil || len(waiting) == 0 {
		return nil, err
	}
	events, err := s.events(ctx, `position IN (SELECT position FROM webhook_deliveries
		WHERE webhook_id = $1 AND lane = $2 AND state = 'pending' ORDER BY position LIMIT $3)`, id, lane, limit)
	if err != nil {
		return nil, err
	}
	byPosition := make(map[int64]*bridge.Event, len(events))
	for i := range events {
		byPosition[events[i].Position] = &events[i]
	}
	for i := range waiting {
		waiting[i].Event = byPosition[waiting[i].Position]
	}
	return waiting, nil
}

// Deliveries returns up to limit of a webhook's deliveries before a position,
// the latest first: those in a state, or, where that is empty, all.
func (s *Store) Deliveries(
	ctx context.Context, id bridge.WebhookID, state bridge.DeliveryState, before int64, limit int,
) ([]*bridge.Delivery, error) {
	where := ` WHERE webhook_id = $1 AND position < $2`
	args := []any{id, before, limit}
	if state != "" {
		where, args = where+` AND state = $4`, append(args, state)
	}
	return collect(ctx, s.read, s.dialect, "deliveries", scanDelivery,
		`SELECT `+deliveryColumns+` FROM webhook_deliveries`+where+` ORDER BY position DESC LIMIT $3`, args...)
}

// DeadBetween returns up to limit of the deliveries that were given up, of
// events after one position and up to another, in their order.
func (s *Store) DeadBetween(ctx context.Context, id bridge.WebhookID, after, upTo int64, limit int) ([]*bridge.Delivery, error) {
	return collect(ctx, s.read, s.dialect, "deliveries", scanDelivery, `SELECT `+deliveryColumns+` FROM webhook_deliveries
		WHERE webhook_id = $1 AND position > $2 AND position <= $3 AND state = 'dead' ORDER BY position LIMIT $4`,
		id, after, upTo, limit)
}

func scanDelivery(row scanner) (*bridge.Delivery, error) {
	d := new(bridge.Delivery)
	return d, row.Scan(deliveryFields(d)...)
}

// DeliveriesAfter returns the positions of a webhook's deliveries after one.
func (s *Store) DeliveriesAfter(ctx context.Context, id bridge.WebhookID, after int64) ([]int64, error) {
	return collect(ctx, s.read, s.dialect, "deliveries", func(row scanner) (position int64, err error) {
		err = row.Scan(&position)
		return position, err
	}, `SELECT position FROM webhook_deliveries WHERE webhook_id = $1 AND position > $2`, id, after)
}

// CountDeliveries returns how many of a webhook's deliveries are pending, and
// how many dead.
func (s *Store) CountDeliveries(ctx context.Context, id bridge.WebhookID) (pending, dead int64, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT
		(SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = $1 AND state = 'pending'),
		(SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = $1 AND state = 'dead')`, id).Scan(&pending, &dead)
	if err != nil {
		return 0, 0, fmt.Errorf("store: deliveries of %s: %w", id, err)
	}
	return pending, dead, nil
}

// PruneDeliveries forgets up to limit of a webhook's deliveries in a state whose
// last attempt was before a time, and returns how many. It looks at the oldest
// events alone, so that there is no need of an index by time.
func (t *Tx) PruneDeliveries(id bridge.WebhookID, state bridge.DeliveryState, before time.Time, limit int) (int64, error) {
	return t.exec(`DELETE FROM webhook_deliveries WHERE webhook_id = $1 AND at < $3 AND position IN (
		SELECT position FROM webhook_deliveries WHERE webhook_id = $1 AND state = $2 ORDER BY position LIMIT $4)`,
		id, state, before, limit)
}
