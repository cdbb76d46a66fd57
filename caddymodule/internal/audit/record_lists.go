package audit

import (
	"math"
	"time"
)

func (r *recordReader) numbers() (all []NumberRef) {
	r.open('[')
	for r.more(']') {
		var number NumberRef
		named := false
		r.open('{')
		for r.more('}') {
			switch string(r.name()) {
			case "pseudonym":
				number.Pseudonym, named = r.text(), true
			case "region":
				number.Region = r.text()
			default:
				r.skip()
			}
		}
		if !named {
			r.fail("has a number without a pseudonym")
		}
		all = append(all, number)
	}
	return all
}

func (r *recordReader) limits() (all []LimitState) {
	r.open('[')
	for r.more(']') {
		if len(all) == MaxLimits {
			r.fail("has a list that is too long")
			return nil
		}
		var limit LimitState
		members := 0
		r.open('{')
		for r.more('}') {
			members++
			switch string(r.name()) {
			case "name":
				limit.Name = r.text()
			case "window_s":
				limit.Window = r.duration(time.Second)
			case "limit":
				limit.Limit = int64(r.integer(math.MaxInt64))
			case "remaining":
				limit.Remaining = int64(r.integer(math.MaxInt64))
			default:
				members--
				r.skip()
			}
		}
		if members != 4 {
			r.fail("has a limit that lacks a member")
		}
		all = append(all, limit)
	}
	return all
}
