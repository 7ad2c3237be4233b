package sandbox

import (
	"strings"

	"godwit/tg"
)

func init() {
	registerFree(getConfig)
	registerFree(getNearestDC)
	registerFree(getAppConfig)
	registerFree(getCountriesList)
	registerFree(getCDNConfig)
	register(getTermsOfServiceUpdate)
	register(acceptTermsOfService)
	register(getPromoData)
}

// country is where every client of the sandbox seems to be.
const country = "FT"

// refreshAfter is how long clients may keep what they are told, in seconds.
const refreshAfter = 24 * 3600

// getConfig serves help.getConfig (R-AP-02).
func getConfig(c *call, _ *tg.HelpGetConfig) (*tg.Config, error) {
	now := c.world().unix()
	out := &tg.Config{
		Date: now, Expires: now + refreshAfter, TestMode: true, ThisDC: int32(c.dc.id),
		DCTxtDomainName: "localhost",
		ChatSizeMax:     maxChat, MegagroupSizeMax: 200_000, ForwardedCountMax: maxPage,
		OnlineUpdatePeriodMs: 210_000, OfflineBlurTimeoutMs: 5_000, OfflineIdleTimeoutMs: 30_000,
		OnlineCloudTimeoutMs: 300_000, NotifyCloudDelayMs: 30_000, NotifyDefaultDelayMs: 1_500,
		PushChatPeriodMs: 60_000, PushChatLimit: 2,
		EditTimeLimit: forever, RevokeTimeLimit: forever, RevokePmTimeLimit: forever,
		RatingEDecay: 2_419_200, StickersRecentLimit: 200, ChannelsReadMediaPeriod: 604_800,
		CallReceiveTimeoutMs: 20_000, CallRingTimeoutMs: 90_000, CallConnectTimeoutMs: 30_000, CallPacketTimeoutMs: 10_000,
		MeURLPrefix: "https://t.me/", CaptionLengthMax: 1024, MessageLengthMax: maxText,
		WebfileDCID: int32(c.dc.id),
	}
	for _, d := range c.dc.dcs {
		out.DCOptions = append(out.DCOptions, d.option())
	}
	for _, d := range c.dc.dcs {
		if d.mediaPort != 0 {
			option := d.option()
			option.MediaOnly, option.Port = true, int32(d.mediaPort)
			out.DCOptions = append(out.DCOptions, option)
		}
	}
	if d := c.dc.cdnServer; d != nil {
		option := d.option()
		option.CDN = true
		out.DCOptions = append(out.DCOptions, option)
	}
	return out, nil
}

// option is how clients are told where a DC is (R-AP-03).
func (d *dc) option() tg.DCOption {
	return tg.DCOption{
		ID: int32(d.id), IPAddress: d.host, Port: int32(d.port),
		Ipv6: strings.Contains(d.host, ":"), ThisPortOnly: true, TcpoOnly: !d.serves(TransportTCP),
	}
}

// getNearestDC serves help.getNearestDc (R-AP-04): the one that is asked.
func getNearestDC(c *call, _ *tg.HelpGetNearestDC) (*tg.NearestDC, error) {
	id := int32(c.dc.id)
	return &tg.NearestDC{Country: country, ThisDC: id, NearestDC: id}, nil
}

// appConfigHash changes when what getAppConfig says does.
const appConfigHash = 3

func getAppConfig(_ *call, q *tg.HelpGetAppConfig) (tg.HelpAppConfigClass, error) {
	if q.Hash == appConfigHash {
		return &tg.HelpAppConfigNotModified{}, nil
	}
	number := func(key string, v float64) tg.JSONObjectValue {
		return tg.JSONObjectValue{Key: key, Value: &tg.JSONNumber{Value: v}}
	}
	return &tg.HelpAppConfig{Hash: appConfigHash, Config: &tg.JSONObject{Value: []tg.JSONObjectValue{
		{Key: "test", Value: &tg.JSONBool{Value: true}},
		number("authorization_autoconfirm_period", confirmedAfter),
		number("dialogs_pinned_limit_default", 5),
		number("channels_limit_default", 500),
		number("about_length_limit_default", 70),
		number("upload_max_fileparts_default", maxParts),
		number("upload_max_fileparts_premium", maxPartsPaying),
		number("reactions_user_max_default", maxReactions),
		number("reactions_user_max_premium", maxReactionsPaying),
	}}}, nil
}

func getCountriesList(*call, *tg.HelpGetCountriesList) (tg.HelpCountriesListClass, error) {
	return &tg.HelpCountriesList{Hash: 1, Countries: []tg.HelpCountry{{
		Iso2: country, DefaultName: "Sandbox",
		CountryCodes: []tg.HelpCountryCode{{CountryCode: "999", Prefixes: []string{"66"}, Patterns: []string{"XX X XXXX"}}},
	}}}, nil
}

// getCDNConfig serves help.getCdnConfig (R-FI-21).
func getCDNConfig(c *call, _ *tg.HelpGetCDNConfig) (*tg.CDNConfig, error) {
	out := new(tg.CDNConfig)
	if d := c.dc.cdnServer; d != nil {
		out.PublicKeys = []tg.CDNPublicKey{{DCID: int32(d.id), PublicKey: d.private.Public().PEM()}}
	}
	return out, nil
}

func getTermsOfServiceUpdate(c *call, _ *tg.HelpGetTermsOfServiceUpdate) (tg.HelpTermsOfServiceUpdateClass, error) {
	return &tg.HelpTermsOfServiceUpdateEmpty{Expires: c.world().unix() + refreshAfter}, nil
}

func acceptTermsOfService(*call, *tg.HelpAcceptTermsOfService) (boolean, error) { return true, nil }

func getPromoData(c *call, _ *tg.HelpGetPromoData) (tg.HelpPromoDataClass, error) {
	return &tg.HelpPromoDataEmpty{Expires: c.world().unix() + refreshAfter}, nil
}
