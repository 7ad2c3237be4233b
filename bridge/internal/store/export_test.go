package store

// Exec runs a statement on tables whose rows nothing in the store adds yet.
func (t *Tx) Exec(statement string, args ...any) error {
	_, err := t.exec(statement, args...)
	return err
}
