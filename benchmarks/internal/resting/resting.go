// Package resting measures what an account costs that is signed in, connected and
// has nothing to do: the memory of a client program of its own with many of them.
// Call [Compare]; the programs under ../../resting call [Accounts] and [Measure].
package resting

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"time"

	"godwit/benchmarks/internal/process"
	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
	"godwit/telegram/sessions"
)

// Compare builds programs, paths below the module directory dir, and has each keep
// so many accounts connected. It returns how many bytes each account takes once it
// has had nothing to do for some time.
func Compare(dir string, accounts int, rest time.Duration, pkgs ...string) ([]int64, error) {
	scratch, err := os.MkdirTemp("", "godwit-resting-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	sb, err := sandbox.New(sandbox.Options{DCs: 1})
	if err != nil {
		return nil, err
	}
	defer sb.Close()
	connection := filepath.Join(scratch, "connection.json")
	if err := errors.Join(sb.Start(), sb.WriteInfo(connection)); err != nil {
		return nil, err
	}
	network, file, err := connectionfile.Load(connection)
	if err != nil {
		return nil, err
	}
	o := telegram.Options{APIID: file.APIID, APIHash: file.APIHash, Network: network, PermanentKeyOnly: true}
	for i := range accounts {
		if err := signIn(sb, o, scratch, i); err != nil {
			return nil, err
		}
	}
	out := make([]int64, len(pkgs))
	for i, pkg := range pkgs {
		binary, err := process.Build(dir, scratch, pkg)
		if err != nil {
			return nil, err
		}
		client := exec.Command(binary, connection, scratch, rest.String())
		client.Stderr = os.Stderr
		text, err := client.Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", pkg, err)
		}
		if err := json.Unmarshal(text, &out[i]); err != nil {
			return nil, fmt.Errorf("%s printed %q: %w", pkg, text, err)
		}
	}
	return out, nil
}

// signIn signs an account in and stores that for each program, so that none has to
// make a key.
func signIn(sb *sandbox.Sandbox, o telegram.Options, dir string, i int) error {
	phone := fmt.Sprintf("999661%04d", i)
	if _, err := sb.AddUser(phone, fmt.Sprint("Account ", i), ""); err != nil {
		return err
	}
	ctx, store := context.Background(), new(telegram.MemoryStore)
	o.Store = store
	client, err := telegram.Connect(ctx, o)
	if err != nil {
		return err
	}
	defer client.Close()
	if _, err := client.SignIn(ctx, telegram.Answers{PhoneNumber: phone, AskCode: telegram.FixedCode("11111")}); err != nil {
		return err
	}
	credentials, err := store.Load()
	if err != nil {
		return err
	}
	plain, err := credentials.MarshalBinary()
	if err != nil {
		return err
	}
	gotd, err := sessions.Export(sessions.GoTD, &sessions.Session{Credentials: credentials, Test: true, APIID: o.APIID}, o.Network)
	if err != nil {
		return err
	}
	name := filepath.Join(dir, fmt.Sprintf("%04d", i))
	return errors.Join(os.WriteFile(name+".godwit", plain, 0o600), os.WriteFile(name+".gotd", []byte(gotd), 0o600))
}

// Accounts returns what is stored in a directory for programs of a kind, "godwit" or
// "gotd", of each account.
func Accounts(dir, kind string) ([][]byte, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*."+kind))
	if err != nil {
		return nil, err
	}
	list := make([][]byte, len(names))
	for i, name := range names {
		if list[i], err = os.ReadFile(name); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Measure connects accounts, and prints how many bytes of memory each takes but the
// first, with which the program itself is warmed up. Rest, such as "5s", is for how
// long nothing happens before memory is measured.
func Measure(accounts [][]byte, rest string, connect func(stored []byte) error) error {
	if len(accounts) < 2 {
		return errors.New("resting: it takes two accounts to compare")
	}
	pause, err := time.ParseDuration(rest)
	if err != nil {
		return err
	}
	if err := connect(accounts[0]); err != nil {
		return err
	}
	before, err := resident(pause)
	if err != nil {
		return err
	}
	for _, stored := range accounts[1:] {
		if err := connect(stored); err != nil {
			return err
		}
	}
	after, err := resident(pause)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode((after - before) / int64(len(accounts)-1))
}

// resident returns what is held after a rest, with what can be given back given back.
func resident(rest time.Duration) (int64, error) {
	time.Sleep(rest)
	for range 3 { // stacks shrink by half with each collection
		debug.FreeOSMemory()
	}
	return process.Resident()
}
