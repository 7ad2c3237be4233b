package mtclient

import (
	"sync"
	"time"

	"godwit/mtproto/transport"
)

// A link is an open connection with the goroutines that read from it and write
// to it.
type link struct {
	conn   transport.PacketConn
	in     chan []byte   // packets that have arrived
	out    chan []byte   // packets to write; taken when the one before is written
	failed chan error    // has room for one error of each goroutine
	closed chan struct{} // ends both
}

func openLink(conn transport.PacketConn, o *Options, tasks *sync.WaitGroup) *link {
	k := &link{
		conn: conn, in: make(chan []byte), out: make(chan []byte),
		failed: make(chan error, 2), closed: make(chan struct{}),
	}
	tasks.Go(k.read)
	tasks.Go(func() { k.write(o.WriteTimeout) })
	return k
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
