package quota

import (
	"math/bits"
	"time"
)

// window is one of the fixed windows of a period, as seen at a moment.
type window struct {
	index  int64         // counted from the Unix epoch
	period time.Duration // its length
	left   time.Duration // until its end, more than zero
}

func windowAt(now time.Time, period time.Duration) window {
	since := now.UnixNano()
	index := since / int64(period)
	return window{index: index, period: period, left: period - time.Duration(since%int64(period))}
}

// expiry is when the window's count ceases to matter, in nanoseconds since the
// Unix epoch: at the end of the window that follows.
func (w window) expiry() int64 { return (w.index+2)*int64(w.period) - 1 }

// weigh returns how much of the previous window's count still lies within the
// last period, rounded to the nearest.
func (w window) weigh(previous int64) int64 {
	if previous <= 0 {
		return 0
	}
	// (2*previous*left + period) / (2*period), where the product needs 128 bits.
	hi, lo := bits.Mul64(2*uint64(previous), uint64(w.left))
	lo, carry := bits.Add64(lo, uint64(w.period), 0)
	quotient, _ := bits.Div64(hi+carry, lo, 2*uint64(w.period))
	return int64(quotient)
}

// wait returns how long it takes until n more requests pass where they do not
// pass now, if no other comes; n is at most limit.
func (w window) wait(limit, current, previous, n int64) time.Duration {
	if free := limit - current - n; free >= 0 {
		return w.left - w.fade(previous, free)
	}
	return w.left + w.period - w.fade(current, limit-n)
}

// fade returns how much of the window may be left for a previous count to weigh
// no more than most.
func (w window) fade(previous, most int64) time.Duration {
	if previous <= most {
		return w.period
	}
	// The largest left with 2*previous*left < (2*most+1)*period.
	hi, lo := bits.Mul64(2*uint64(most)+1, uint64(w.period))
	lo, borrow := bits.Sub64(lo, 1, 0)
	left, _ := bits.Div64(hi-borrow, lo, 2*uint64(previous))
	return min(time.Duration(left), w.period)
}
