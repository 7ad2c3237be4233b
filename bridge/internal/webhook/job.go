package webhook

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"godwit/bridge"
	"godwit/bridge/internal/jobs"
	"godwit/bridge/internal/store"
)

// Queue is the queue of the jobs that deliver. Each takes a place in it for as
// long as its webhook is enabled, most of the time doing nothing: if all nodes
// together have fewer places than there are webhooks, some wait for a slice of
// others.
const Queue = "webhooks"

// A Job delivers to a webhook. There is never more than one for each.
type Job struct {
	Webhook bridge.WebhookID `json:"webhook"`
}

// Kind implements river.JobArgs.
func (Job) Kind() string { return "deliver_webhook" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (Job) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		Queue: Queue,
		// Whoever dies on it has it tried by others, for ever.
		MaxAttempts: math.MaxInt16,
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
			rivertype.JobStateRetryable, rivertype.JobStateScheduled,
		}},
	}
}

// A Worker does Jobs.
type Worker struct {
	river.WorkerDefaults[Job]
	Service *Service
}

// Timeout implements river.Worker.
func (w *Worker) Timeout(*river.Job[Job]) time.Duration { return jobs.Timeout }

// failurePause is how long a webhook waits after the database has failed.
const failurePause = 5 * time.Second

// Work implements river.Worker.
func (w *Worker) Work(ctx context.Context, job *river.Job[Job]) error {
	again, err := w.Service.Deliver(ctx, job.Args.Webhook)
	switch {
	case errors.Is(err, store.ErrNotOwner):
		return river.JobSnooze(failurePause) // another job has taken over, and is this one's equal
	case err != nil:
		w.Service.o.Logger.Warn("deliveries have to wait", "webhook", job.Args.Webhook, "error", err)
		return river.JobSnooze(failurePause)
	case again:
		return river.JobSnooze(0)
	}
	return nil
}

// Jobs returns the jobs of webhooks, for Options.Enqueue to insert.
func Jobs(ids []bridge.WebhookID) []river.JobArgs {
	list := make([]river.JobArgs, len(ids))
	for i, id := range ids {
		list[i] = Job{id}
	}
	return list
}
