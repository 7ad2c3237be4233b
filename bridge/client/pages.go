package client

import (
	"context"
	"iter"
)

// pages returns what is on the pages of a list, one after the other. Fetch
// returns a page behind a cursor, and the cursor behind that page, which is empty
// at the end.
func pages[T any](cursor string, fetch func(cursor string) (list []T, next string, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for first := true; first || cursor != ""; first = false {
			list, next, err := fetch(cursor)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, one := range list {
				if !yield(one, nil) {
					return
				}
			}
			cursor = next
		}
	}
}

// Events returns the events that the log holds after a point, up to its end. An
// error is the last that it yields.
func (c *Client) Events(ctx context.Context, params *ListEventsParams) iter.Seq2[Event, error] {
	p := ListEventsParams{}
	if params != nil {
		p = *params
	}
	return pages(p.After, func(after string) ([]Event, string, error) {
		p.After = after
		page, err := c.ListEvents(ctx, &p)
		if err != nil || !page.More {
			return listOf(page), "", err
		}
		return page.Events, page.Next, nil
	})
}

func listOf(page *EventPage) []Event {
	if page == nil {
		return nil
	}
	return page.Events
}
