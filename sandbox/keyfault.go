package sandbox

import "godwit/mtproto/mtserver"

// keyFault returns what Options.KeyFault says of a DC, nil if nothing.
func (d *dc) keyFault() func() mtserver.KeyFault {
	f := d.options.KeyFault
	if f == nil {
		return nil
	}
	return func() mtserver.KeyFault { return f(d.id) }
}
