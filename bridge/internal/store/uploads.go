package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"time"

	"godwit/bridge"
)

// UploadPart is how many bytes of a file stand in one row.
const UploadPart = 512 << 10

// AddUpload stores a file that is to be sent, as it is read, and returns its
// size. An error leaves nothing of it. One that is longer than limit bytes is a
// *bridge.Error of CodeTooLarge.
func (s *Store) AddUpload(ctx context.Context, u *bridge.Upload, content io.Reader, limit int64) (size int64, err error) {
	err = s.Change(ctx, func(t *Tx) error {
		_, err := t.exec(`INSERT INTO uploads (id, name, mime_type, size, complete, created_at) VALUES ($1, $2, $3, 0, $4, $5)`,
			u.ID, u.Name, u.MIMEType, false, u.CreatedAt)
		return err
	})
	if err != nil {
		return 0, err
	}
	if size, err = s.addParts(ctx, u.ID, content, limit); err == nil {
		err = s.Change(ctx, func(t *Tx) error {
			_, err := t.exec(`UPDATE uploads SET size = $2, complete = $3 WHERE id = $1`, u.ID, size, true)
			return err
		})
	}
	if err != nil {
		return 0, errors.Join(err, s.DeleteUpload(context.WithoutCancel(ctx), u.ID))
	}
	return size, nil
}

func (s *Store) addParts(ctx context.Context, id bridge.UploadID, content io.Reader, limit int64) (size int64, err error) {
	buffer := make([]byte, UploadPart)
	for part := 0; ; part++ {
		n, err := io.ReadFull(content, buffer)
		if size += int64(n); size > limit {
			return 0, bridge.Errorf(bridge.CodeTooLarge, "The file is longer than %d bytes.", limit)
		}
		if n > 0 {
			stored := s.Change(ctx, func(t *Tx) error {
				_, err := t.exec(`INSERT INTO upload_parts (upload_id, part, data) VALUES ($1, $2, $3)`, id, part, buffer[:n])
				return err
			})
			if stored != nil {
				return 0, stored
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return size, nil
		case err != nil:
			return 0, fmt.Errorf("store: reading the file: %w", err)
		}
	}
}

// DeleteUpload deletes a file.
func (s *Store) DeleteUpload(ctx context.Context, id bridge.UploadID) error {
	return s.Change(ctx, func(t *Tx) error {
		_, err := t.exec(`DELETE FROM uploads WHERE id = $1`, id)
		return err
	})
}

// Upload returns a file that is to be sent, and what reads it. The error is a
// *bridge.Error of CodeNotFound where there is none that is complete.
func (s *Store) Upload(ctx context.Context, id bridge.UploadID) (*bridge.Upload, io.ReaderAt, error) {
	u := &bridge.Upload{ID: id}
	var complete bool
	err := s.read.QueryRowContext(ctx, `SELECT name, mime_type, size, complete, created_at FROM uploads WHERE id = $1`, id).
		Scan(&u.Name, &u.MIMEType, &u.Size, &complete, timeColumn{&u.CreatedAt})
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && !complete:
		return nil, nil, bridge.Errorf(bridge.CodeNotFound, "There is no upload %s.", id)
	case err != nil:
		return nil, nil, fmt.Errorf("store: upload %s: %w", id, err)
	}
	return u, &uploadReader{ctx, s, u}, nil
}

// An uploadReader reads a stored file, a part at a time.
type uploadReader struct {
	ctx context.Context
	s   *Store
	u   *bridge.Upload
}

// ReadAt implements io.ReaderAt.
func (r *uploadReader) ReadAt(p []byte, at int64) (n int, err error) {
	if at < 0 {
		return 0, errors.New("store: a negative offset")
	}
	for n < len(p) {
		if at >= r.u.Size {
			return n, io.EOF
		}
		var data []byte
		err := r.s.read.QueryRowContext(r.ctx, `SELECT data FROM upload_parts WHERE upload_id = $1 AND part = $2`,
			r.u.ID, at/UploadPart).Scan(&data)
		if err != nil {
			return n, fmt.Errorf("store: upload %s: %w", r.u.ID, err)
		}
		copied := copy(p[n:], data[min(at%UploadPart, int64(len(data))):])
		if copied == 0 {
			return n, io.ErrUnexpectedEOF
		}
		n += copied
		at += int64(copied)
	}
	return n, nil
}

// DeleteUploadsBefore deletes files that were stored before a time and that
// nothing is to be sent of any more.
func (s *Store) DeleteUploadsBefore(ctx context.Context, before time.Time) (n int64, err error) {
	field := `m.content::jsonb #>> '{media,file}'`
	if s.dialect == sqlite {
		field = `json_extract(m.content, '$.media.file')`
	}
	return s.forget(ctx, `DELETE FROM uploads WHERE created_at < $1 AND NOT EXISTS (
		SELECT 1 FROM messages m WHERE m.`+pending+` AND `+field+` = uploads.id)`, before)
}
