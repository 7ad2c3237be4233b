package sandbox

import (
	"bytes"
	"image"
	"image/color"
	_ "image/gif" // for image.Decode
	"image/jpeg"
	_ "image/png" // for image.Decode
	"io"
)

var (
	errPhotoFile       = refusal(400, "PHOTO_SAVE_FILE_INVALID")
	errPhotoDimensions = refusal(400, "PHOTO_INVALID_DIMENSIONS")
	errImage           = refusal(400, "IMAGE_PROCESS_FAILED")
)

const (
	maxPhotoSides = 10_000 // width and height together
	maxPhotoRatio = 20     // of the longer side to the shorter
	jpegQuality   = 87
)

// A sizeLimit is a size that photos are kept in.
type sizeLimit struct {
	kind string
	box  int // in pixels, into which it fits
	crop bool
}

var (
	photoSizes     = []sizeLimit{{"s", 100, false}, {"m", 320, false}, {"x", 800, false}, {"y", 1280, false}, {"w", 2560, false}}
	profileSizes   = []sizeLimit{{"a", 160, true}, {"b", 320, true}, {"c", 640, true}}
	thumbnailSizes = []sizeLimit{{"m", 320, false}}
)

// pictures returns an image in the sizes that it is kept in: as JPEG, each at
// most as large as the image itself.
func pictures(data *content, limits []sizeLimit, store *blobs) ([]picture, error) {
	if data.size > maxSmall {
		return nil, errPhotoFile
	}
	config, _, err := image.DecodeConfig(data.reader())
	if err != nil {
		return nil, errImage
	}
	short, long := min(config.Width, config.Height), max(config.Width, config.Height)
	if short == 0 || short+long > maxPhotoSides || long > maxPhotoRatio*short {
		return nil, errPhotoDimensions
	}
	whole, _, err := image.Decode(io.NewSectionReader(data, 0, data.size))
	if err != nil {
		return nil, errImage
	}
	var out []picture
	for _, limit := range limits {
		p, err := scaled(whole, limit).store(limit.kind, store)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
		if limit.box >= long && !limit.crop {
			break
		}
	}
	return out, nil
}

type pixels struct{ *image.RGBA }

// store keeps an image as JPEG.
func (p pixels) store(kind string, store *blobs) (picture, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, &jpeg.Options{Quality: jpegQuality}); err != nil {
		return picture{}, err
	}
	kept, err := store.put(b.Bytes())
	if err != nil {
		return picture{}, err
	}
	return picture{
		kind: kind, width: p.Rect.Dx(), height: p.Rect.Dy(),
		content: &content{store: store, parts: []blob{kept}, size: kept.size},
	}, nil
}

// scaled returns an image that fits into a box, or for a profile photo its
// middle. Each point is the mean of those that it stands for.
func scaled(in image.Image, limit sizeLimit) pixels {
	from := in.Bounds()
	if limit.crop {
		side := min(from.Dx(), from.Dy())
		corner := from.Min.Add(image.Pt((from.Dx()-side)/2, (from.Dy()-side)/2))
		from = image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}
	}
	long := max(from.Dx(), from.Dy())
	width, height := from.Dx(), from.Dy()
	if long > limit.box {
		width, height = max(1, width*limit.box/long), max(1, height*limit.box/long)
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		top, bottom := span(y, height, from.Min.Y, from.Dy())
		for x := range width {
			left, right := span(x, width, from.Min.X, from.Dx())
			out.SetRGBA(x, y, mean(in, image.Rect(left, top, right, bottom)))
		}
	}
	return pixels{out}
}

// span returns which of the size points from start on the i-th of n stands
// for.
func span(i, n, start, size int) (from, to int) {
	from = start + i*size/n
	return from, max(from+1, start+(i+1)*size/n)
}

// mean returns the mean colour of a part of an image, on black where it is
// transparent.
func mean(in image.Image, part image.Rectangle) color.RGBA {
	var r, g, b, n uint64
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			pr, pg, pb, _ := in.At(x, y).RGBA()
			r, g, b, n = r+uint64(pr), g+uint64(pg), b+uint64(pb), n+1
		}
	}
	return color.RGBA{R: uint8(r / n >> 8), G: uint8(g / n >> 8), B: uint8(b / n >> 8), A: 255}
}
