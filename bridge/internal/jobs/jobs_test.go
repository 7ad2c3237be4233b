package jobs_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riverqueue/river"

	"godwit/bridge/internal/jobs"
	"godwit/bridge/internal/store"
	"godwit/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// A job is one that is never done here.
type job struct{}

// Kind implements river.JobArgs.
func (job) Kind() string { return "job" }

// TestCrash has what a node had under way that has crashed be done anew at once
// where only one node uses the database, and left to others where several do.
func TestCrash(t *testing.T) {
	for name, test := range map[string]struct {
		url  func(t *testing.T) string
		want string
	}{
		"postgres": {func(t *testing.T) string { return pgtest.Database(t) }, "running"},
		"sqlite":   {func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "a.db") }, "available"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), test.url(t))
			check(t, err)
			defer s.Close()
			open := func() *jobs.Client {
				workers := river.NewWorkers()
				river.AddWorker(workers, river.WorkFunc(func(context.Context, *river.Job[job]) error { return nil }))
				c, err := jobs.Open(t.Context(), s, jobs.Options{
					Workers: workers, Queues: map[string]int{river.QueueDefault: 1}, Logger: slog.New(slog.DiscardHandler),
				})
				check(t, err)
				t.Cleanup(c.Close)
				return c
			}
			check(t, open().Insert(t.Context(), job{}))
			_, err = s.Writer().ExecContext(t.Context(), `UPDATE river_job SET state = 'running', attempt = 1`)
			check(t, err)
			open()
			var state string
			check(t, s.Writer().QueryRowContext(t.Context(), `SELECT state FROM river_job`).Scan(&state))
			if state != test.want {
				t.Errorf("the job is %s, want %s", state, test.want)
			}
		})
	}
}

// TestRescue has what is under way at a node that has gone be done anew, and left
// alone what is at one that is there, or has only just begun.
func TestRescue(t *testing.T) {
	s, err := store.Open(t.Context(), pgtest.Database(t))
	check(t, err)
	defer s.Close()
	c, err := jobs.Open(t.Context(), s, jobs.Options{Node: "here", Workers: river.NewWorkers(), Logger: slog.New(slog.DiscardHandler)})
	check(t, err)
	defer c.Close()
	long := strings.Repeat("x", 200)
	for id, by := range map[int]string{1: `{gone,here}`, 2: `{here,gone}`, 3: `{gone}`, 4: `{` + long[:100] + `}`} {
		_, err := s.Writer().ExecContext(t.Context(), `INSERT INTO river_job (id, kind, args, state, attempt, max_attempts, attempted_by, attempted_at)
			VALUES ($1::bigint, 'job', '{}', 'running', 1, 9, $2, now() - CASE WHEN $1::bigint = 3 THEN 0 ELSE 60 END * interval '1 second')`, id, by)
		check(t, err)
	}
	check(t, c.Rescue(t.Context(), []string{"here", long}))
	for id, want := range map[int]string{1: "running", 2: "available", 3: "running", 4: "running"} {
		var state string
		check(t, s.Writer().QueryRowContext(t.Context(), `SELECT state FROM river_job WHERE id = $1`, id).Scan(&state))
		if state != want {
			t.Errorf("job %d is %s, want %s", id, state, want)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
