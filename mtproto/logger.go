package mtproto

import "reflect"

// A Logger is told what happens, in a few words and pairs of keys and values.
// Every *slog.Logger is one. Package log/slog itself stays out of what a client
// links: with it comes encoding/json, and both together are a twentieth of a
// client's build.
type Logger interface {
	Debug(message string, pairs ...any)
	Info(message string, pairs ...any)
	Warn(message string, pairs ...any)
	Error(message string, pairs ...any)
}

// NoLog is the Logger that drops everything.
type NoLog struct{}

// Debug does nothing.
func (NoLog) Debug(string, ...any) {}

// Info does nothing.
func (NoLog) Info(string, ...any) {}

// Warn does nothing.
func (NoLog) Warn(string, ...any) {}

// Error does nothing.
func (NoLog) Error(string, ...any) {}

// LoggerOr returns l, or NoLog where there is none: nil, or a nil pointer such as
// a *slog.Logger that was never set.
func LoggerOr(l Logger) Logger {
	if v := reflect.ValueOf(l); l == nil || v.Kind() == reflect.Pointer && v.IsNil() {
		return NoLog{}
	}
	return l
}
