package authkey

import "testing"

// R-AK-39, R-AK-09: a server that loses its answer on purpose gives it when it
// is asked again.
func TestLostAnswer(t *testing.T) {
	p := newPair(t, ClientOptions{}, ServerOptions{Fault: func() Fault { return FaultLostAnswer }})
	packet, err := p.client.Start(testNow)
	for step := 0; err == nil && packet != nil; step++ {
		answer, serverErr := p.server.Receive(testNow, packet)
		if lost := answer == nil && serverErr == nil; lost != (step == 1) {
			t.Fatalf("step %d: answer %x, %v", step, answer, serverErr)
		} else if lost {
			answer, serverErr = p.server.Receive(testNow, packet)
		}
		if serverErr != nil {
			t.Fatal(serverErr)
		}
		packet, err = p.client.Receive(testNow, answer)
	}
	if _, done := p.client.Done(); err != nil || !done {
		t.Errorf("no key: %v", err)
	}
}
