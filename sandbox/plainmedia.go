package sandbox

import "godwit/tg"

// plainMedia makes media that are no files, nil if in names others.
func (c *call) plainMedia(in tg.InputMediaClass) (*media, error) {
	switch in := in.(type) {
	case *tg.InputMediaGeoPoint:
		point, ok := in.GeoPoint.(*tg.InputGeoPoint)
		if !ok || point.Lat < -90 || point.Lat > 90 || point.Long < -180 || point.Long > 180 {
			return nil, errMedia
		}
		return &media{plain: &tg.MessageMediaGeo{Geo: &tg.GeoPoint{
			Lat: point.Lat, Long: point.Long, AccessHash: c.world().randomID(), AccuracyRadius: point.AccuracyRadius,
		}}}, nil
	case *tg.InputMediaContact:
		if in.PhoneNumber == "" || !validPersonName(in.FirstName) {
			return nil, errMedia
		}
		m := &tg.MessageMediaContact{
			PhoneNumber: in.PhoneNumber, FirstName: in.FirstName, LastName: in.LastName, Vcard: in.Vcard,
		}
		if u := c.world().phones[cleanPhone(in.PhoneNumber)]; u != nil {
			m.UserID = u.id
		}
		return &media{plain: m}, nil
	}
	return nil, nil
}
