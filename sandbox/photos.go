package sandbox

import (
	"slices"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(uploadProfilePhoto)
	register(getUserPhotos)
	register(deletePhotos)
}

// photo returns a profile photo of the user's, nil if there is none of the id.
func (u *user) photo(id int64) *file {
	if i := slices.IndexFunc(u.photos, func(f *file) bool { return f.id == id }); i >= 0 {
		return u.photos[i]
	}
	return nil
}

// profilePhoto is what a user object tells of the user's photo, nil for none.
func profilePhoto(u *user) tg.UserProfilePhotoClass {
	if len(u.photos) == 0 {
		return nil
	}
	f := u.photos[len(u.photos)-1]
	return &tg.UserProfilePhoto{PhotoID: f.id, DCID: int32(f.dc)}
}

// uploadProfilePhoto serves photos.uploadProfilePhoto.
func uploadProfilePhoto(c *call, q *tg.PhotosUploadProfilePhoto) (tl.Object, error) {
	if q.File == nil {
		return nil, refusal(400, "PHOTO_FILE_MISSING")
	}
	return c.takePhoto(q.File, profileSizes, func(c *call, f *file) (tl.Object, error) {
		c.user.photos = append(c.user.photos, f)
		c.renamed()
		return &tg.PhotosPhoto{
			Photo: c.world().photoObject(c.user, f), Users: []tg.UserClass{c.world().userObject(c.user, c.user)},
		}, nil
	})
}

// getUserPhotos serves photos.getUserPhotos, the newest first.
func getUserPhotos(c *call, q *tg.PhotosGetUserPhotos) (*tg.PhotosPhotos, error) {
	u, err := c.findUser(q.UserID)
	if err != nil {
		return nil, err
	}
	out := &tg.PhotosPhotos{Photos: []tg.PhotoClass{}, Users: []tg.UserClass{c.world().userObject(c.user, u)}}
	skip := int(max(0, q.Offset))
	for _, f := range slices.Backward(u.photos) {
		switch {
		case q.MaxID != 0 && f.id != q.MaxID:
			continue
		case skip > 0:
			skip--
			continue
		case len(out.Photos) < int(max(0, min(q.Limit, maxPage))):
			out.Photos = append(out.Photos, c.world().photoObject(c.user, f))
		}
	}
	return out, nil
}

// deletePhotos serves photos.deletePhotos.
func deletePhotos(c *call, q *tg.PhotosDeletePhotos) (longs, error) {
	var gone longs
	for _, in := range q.ID {
		id, ok := in.(*tg.InputPhoto)
		if !ok || c.user.photo(id.ID) == nil {
			continue
		}
		if _, err := c.findFile(id.ID, id.AccessHash, id.FileReference); err != nil {
			return nil, err
		}
		c.user.photos = slices.DeleteFunc(c.user.photos, func(f *file) bool { return f.id == id.ID })
		gone = append(gone, id.ID)
	}
	return gone, nil
}

// longs is a Vector<long> as the answer to a method.
type longs []int64

// TL appends the vector, boxed.
func (v longs) TL(c *tl.Codec) { c.Buffer().Longs(v) }
