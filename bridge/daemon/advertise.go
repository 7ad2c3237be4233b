package daemon

import (
	"fmt"
	"net"
	"net/netip"
)

// advertised returns the address at which other nodes reach one that listens at
// another, and was told to advertise what may be empty. Where the database is
// shared, it has to be one that leads somewhere: each node would take an address
// that stands for all of a machine's for its own.
func advertised(advertise string, listens net.Addr, shared bool) (string, error) {
	if advertise == "" {
		address := listens.String()
		if shared && everywhere(address) {
			return "", fmt.Errorf("the node listens at all addresses (%s), so the other nodes of the database cannot know which leads to it: "+
				"say it with --advertise HOST:PORT", address)
		}
		return address, nil
	}
	if host, port, err := net.SplitHostPort(advertise); err != nil || host == "" || port == "" || port == "0" {
		return "", fmt.Errorf("--advertise: %q is not HOST:PORT", advertise)
	}
	if everywhere(advertise) {
		return "", fmt.Errorf("--advertise: %s stands for all addresses of a machine; say the one at which other nodes reach this one", advertise)
	}
	return advertise, nil
}

// everywhere reports whether an address stands for all addresses of a machine.
func everywhere(address string) bool {
	at, err := netip.ParseAddrPort(address)
	return err == nil && at.Addr().Unmap().IsUnspecified()
}
