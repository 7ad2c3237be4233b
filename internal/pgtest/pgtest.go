// Package pgtest gives tests a PostgreSQL of their own: the Debian package's
// server, in a temporary directory, on a free port of the loopback interface,
// run by an unprivileged user.
//
// Call [Run] from TestMain, and [Database] in each test that needs one.
package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
)

// A Server is a running PostgreSQL.
type Server struct {
	Port int

	dir     string
	command *exec.Cmd
	exited  chan struct{}
}

var shared struct {
	sync.Once
	server *Server
	err    error
}

// Run runs the tests of a package and ends the server that they have started,
// if they have. TestMain passes its result to os.Exit.
func Run(m *testing.M) int {
	code := m.Run()
	if s := shared.server; s != nil {
		if err := s.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			return 1
		}
	}
	return code
}

// OnBoth runs a test on an empty database of each kind, PostgreSQL and a file of
// SQLite, whose path has what a URL would take for something else.
func OnBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("postgres", func(t *testing.T) { test(t, Database(t)) })
	t.Run("sqlite", func(t *testing.T) { test(t, "sqlite:"+filepath.Join(t.TempDir(), "a ?#%20.db")) })
}

// Database returns the URL of an empty database, which goes away with the
// test. All tests of a package share one server.
func Database(tb testing.TB) string {
	tb.Helper()
	shared.Do(func() { shared.server, shared.err = Start() })
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	name := "t" + strings.ToLower(rand.Text())
	shared.server.exec(tb, "CREATE DATABASE "+name)
	tb.Cleanup(func() { shared.server.exec(tb, "DROP DATABASE "+name+" WITH (FORCE)") })
	return shared.server.URL(name)
}

// URL returns how to connect to a database of the server.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://godwit@127.0.0.1:%d/%s?sslmode=disable", s.Port, database)
}

func (s *Server) exec(tb testing.TB, statement string) {
	tb.Helper()
	db, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		tb.Error(err)
	}
}

// Terminate ends the connection to the database postgres that holds an advisory
// lock with two keys, of which key is the second.
func (s *Server) Terminate(tb testing.TB, key int) {
	tb.Helper()
	db, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	var ended int
	err = db.QueryRow(`SELECT count(pg_terminate_backend(pid)) FROM pg_locks
		WHERE locktype = 'advisory' AND objid::bigint = $1 AND objsubid = 2`, key).Scan(&ended)
	if err != nil || ended != 1 {
		tb.Errorf("%d connections held lock %d: %v", ended, key, err)
	}
}

// Start starts a server. Its data lose nothing when a process dies, but may
// when the machine does: it does not sync its files.
func Start() (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	if err := s.begin(bin); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	return s, nil
}

func (s *Server) begin(bin string) error {
	who, err := unprivileged(s.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "godwit", "--auth", "trust",
		"--encoding", "UTF8", "--no-locale", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = who, s.dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if s.Port, err = freePort(); err != nil {
		return err
	}
	return s.serve(bin, data, who)
}

// serve starts the server process and waits until it answers.
func (s *Server) serve(bin, data string, who *syscall.SysProcAttr) error {
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	s.command = exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(s.Port),
		"-k", s.dir, "-c", "fsync=off", "-c", "max_connections=200")
	s.command.SysProcAttr, s.command.Dir = who, s.dir
	s.command.Stdout, s.command.Stderr = log, log
	if err := s.command.Start(); err != nil {
		return err
	}
	s.exited = make(chan struct{})
	go func() {
		_ = s.command.Wait()
		close(s.exited)
	}()
	db, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for db.PingContext(ctx) != nil {
		select {
		case <-tick.C:
		case <-s.exited:
			out, _ := os.ReadFile(log.Name())
			return fmt.Errorf("postgres has exited\n%s", out)
		case <-ctx.Done():
			_ = s.command.Process.Kill()
			return errors.New("postgres does not answer")
		}
	}
	return nil
}

// PID is the number of the server's first process.
func (s *Server) PID() int { return s.command.Process.Pid }

// Kill ends the server as a crash would. Close is still owed.
func (s *Server) Kill() error {
	err := s.command.Process.Signal(syscall.SIGQUIT)
	<-s.exited
	return err
}

// Restart starts a server that was killed again, on the same port and data.
func (s *Server) Restart() error {
	bin, err := binaries()
	if err != nil {
		return err
	}
	return s.serve(bin, filepath.Join(s.dir, "data"), s.command.SysProcAttr)
}

// Close ends the server and removes its data.
func (s *Server) Close() error {
	select {
	case <-s.exited:
	default:
		_ = s.command.Process.Signal(syscall.SIGINT)
		<-s.exited
	}
	return os.RemoveAll(s.dir)
}

// binaries returns where the newest server of the Debian packages is.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("pgtest: no PostgreSQL server is installed: `make deps` does it")
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(strings.Split(path, "/")[4])
	return n
}

// unprivileged returns by whom the server is to be run, which refuses to be
// run by root, and gives the directory to that user.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	who := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Geteuid() != 0 {
		return who, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	who.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return who, os.Chown(dir, uid, gid)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
