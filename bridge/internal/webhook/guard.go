package webhook

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"godwit/bridge"
)

// A Guard says where webhooks may lead. The zero Guard lets them go to public
// addresses over https.
type Guard struct {
	// Allowed are networks that are none of the public ones and may be reached
	// all the same, such as that of the operator's own services.
	Allowed []netip.Prefix
	// PlainHTTP allows http: beside https:.
	PlainHTTP bool
}

// An AddressError says that a webhook leads to where none may.
type AddressError struct{ Addr netip.Addr }

func (e *AddressError) Error() string {
	return fmt.Sprintf("webhook: %s is not a public address, and is not among those that the configuration allows", e.Addr)
}

// notPublic are the IPv4 networks that are not of the public Internet, by the
// registry of special-purpose addresses
// (https://www.iana.org/assignments/iana-ipv4-special-registry, RFC 6890).
var notPublic = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // carrier-grade NAT
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local, where clouds keep their metadata
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, and broadcast
)

// Of IPv6, only global unicast is public, without these
// (https://www.iana.org/assignments/iana-ipv6-special-registry). Addresses with
// an IPv4 address in them that some gateway would translate, such as NAT64's
// 64:ff9b::/96 and 6to4's, lead to wherever that one does.
var (
	public6    = netip.MustParsePrefix("2000::/3")
	notPublic6 = prefixes(
		"2001::/23",     // protocol assignments, Teredo among them
		"2001:db8::/32", // documentation
		"2002::/16",     // 6to4
		"3fff::/20",     // documentation
	)
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, s := range texts {
		list[i] = netip.MustParsePrefix(s)
	}
	return list
}

func within(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Check returns an *AddressError for an address that webhooks may not lead to.
func (g *Guard) Check(a netip.Addr) error {
	a = a.Unmap().WithZone("") // ::ffff:127.0.0.1 is 127.0.0.1
	public := a.Is4() && !within(notPublic, a) || a.Is6() && public6.Contains(a) && !within(notPublic6, a)
	if !public && !within(g.Allowed, a) {
		return &AddressError{a}
	}
	return nil
}

// CheckURL returns a *bridge.Error of CodeInvalidRequest for a URL that cannot
// be a webhook's. A name in it is looked up when something is sent, and what it
// stands for is checked then.
func (g *Guard) CheckURL(s string) error {
	refuse := func(why string) error {
		return bridge.Errorf(bridge.CodeInvalidRequest, "The URL of a webhook %s.", why)
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return refuse("cannot be read: it has to be https://HOST/…")
	case u.Scheme != "https" && (u.Scheme != "http" || !g.PlainHTTP):
		return refuse("has to begin with https://; godwit serve --allow-plain-webhooks allows http:// too")
	case u.Hostname() == "":
		return refuse("has no host")
	case u.User != nil:
		return refuse("must not hold a name or password: requests are signed instead")
	case u.Fragment != "":
		return refuse("must not have a fragment")
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		if err := g.Check(addr); err != nil {
			return refuse(fmt.Sprintf("leads to %s, which is not a public address: godwit serve --allow-webhooks CIDR allows other networks", addr.Unmap()))
		}
	}
	return nil
}

// dial connects to where the guard allows. It is asked after the name was looked
// up, for the very address that is connected to, so that a name cannot stand for
// another address by then.
func (g *Guard) dial(timeout time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second}
	d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return g.Check(to.Addr())
	}
	return d.DialContext
}
