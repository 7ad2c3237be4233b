package main

import (
	"io"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"godwit/telegram/files"
)

// A progressBar shows how far a transfer is, if there is a terminal to show it
// on.
type progressBar struct {
	all *mpb.Progress
	bar *mpb.Bar
}

func newProgressBar(w io.Writer, name string) *progressBar {
	all := mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
	bar := all.AddBar(0,
		mpb.PrependDecorators(decor.Name(printable(name)+"  "), decor.CountersKibiByte("% .1f of % .1f")),
		mpb.AppendDecorators(
			decor.Percentage(decor.WCSyncSpace),
			decor.AverageSpeed(decor.SizeB1024(0), "  % .1f"),
			decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace), ""),
		),
	)
	return &progressBar{all, bar}
}

// newCountBar counts things instead of bytes.
func newCountBar(w io.Writer, name string) *progressBar {
	all := mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
	bar := all.AddBar(0,
		mpb.PrependDecorators(decor.Name(name+"  "), decor.CountersNoUnit("%d of %d")),
		mpb.AppendDecorators(
			decor.Percentage(decor.WCSyncSpace),
			decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace), ""),
		),
	)
	return &progressBar{all, bar}
}

// set tells how far it has come.
func (b *progressBar) set(done, total int64) {
	b.bar.SetTotal(total, false)
	b.bar.SetCurrent(done)
}

// tell is for files.Transfer.
func (b *progressBar) tell(p files.Progress) {
	if p.Total > 0 {
		b.bar.SetTotal(p.Total, false)
	}
	b.bar.SetCurrent(p.Done)
}

// end leaves the bar as it is.
func (b *progressBar) end(done bool) {
	if done {
		b.bar.SetTotal(-1, true)
	} else {
		b.bar.Abort(false)
	}
	b.all.Wait()
}
