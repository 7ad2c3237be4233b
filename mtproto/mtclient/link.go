package mtclient

import (
	"net"
	"sync"
	"time"

	"godwit/mtproto/transport"
)

// A link is an open connection with the goroutines that read from it and write
// to it.
type link struct {
	conn   *transport.Conn
	in     chan []byte   // packets that have arrived
	out    chan []byte   // packets to write; taken when the one before is written
	failed chan error    // has room for one error of each goroutine
	closed chan struct{} // ends both
}

func openLink(conn net.Conn, o *Options, tasks *sync.WaitGroup) (*link, error) {
	framed, err := transport.NewClient(conn, o.Transport)
	if err != nil {
		_ = conn.Close() // it was not used
		return nil, err
	}
	k := &link{
		conn: framed, in: make(chan []byte), out: make(chan []byte),
		failed: make(chan error, 2), closed: make(chan struct{}),
	}
	tasks.Go(k.read)
	tasks.Go(func() { k.write(o.WriteTimeout) })
	return k, nil
}

// close ends the connection. The goroutines end soon after.
func (k *link) close() {
	close(k.closed)
	_ = k.conn.Close() // whatever it says, nobody uses the connection any more
}

// read needs no deadline: the session's pings find a silent server out.
func (k *link) read() {
	for {
		packet, err := k.conn.ReadPacket(nil)
		if err != nil {
			k.failed <- err
			return
		}
		select {
		case k.in <- packet:
		case <-k.closed:
			return
		}
	}
}

func (k *link) write(timeout time.Duration) {
	for {
		select {
		case packet := <-k.out:
			err := k.conn.SetWriteDeadline(time.Now().Add(timeout))
			if err == nil {
				err = k.conn.WritePacket(packet)
			}
			if err != nil {
				k.failed <- err
				return
			}
		case <-k.closed:
			return
		}
	}
}
