package phone

import (
	"slices"

	"github.com/nyaruka/phonenumbers"
)

// kind is the type of a number. Its values index kindWords.
type kind uint8

const (
	unknown kind = iota
	mobile
	fixedLine
	fixedLineOrMobile
	tollFree
	premiumRate
	sharedCost
	voip
	personalNumber
	pager
	uan
	voicemail
)

var kindWords = [...]string{
	unknown:           "unknown",
	mobile:            "mobile",
	fixedLine:         "fixed_line",
	fixedLineOrMobile: "fixed_line_or_mobile",
	tollFree:          "toll_free",
	premiumRate:       "premium_rate",
	sharedCost:        "shared_cost",
	voip:              "voip",
	personalNumber:    "personal_number",
	pager:             "pager",
	uan:               "uan",
	voicemail:         "voicemail",
}

func (k kind) String() string { return kindWords[k] }

// Types lists the words for the types of numbers.
func Types() []string { return slices.Clone(kindWords[:]) }

// kindOf translates the library's type.
func kindOf(t phonenumbers.PhoneNumberType) kind {
	switch t {
	case phonenumbers.MOBILE:
		return mobile
	case phonenumbers.FIXED_LINE:
		return fixedLine
	case phonenumbers.FIXED_LINE_OR_MOBILE:
		return fixedLineOrMobile
	case phonenumbers.TOLL_FREE:
		return tollFree
	case phonenumbers.PREMIUM_RATE:
		return premiumRate
	case phonenumbers.SHARED_COST:
		return sharedCost
	case phonenumbers.VOIP:
		return voip
	case phonenumbers.PERSONAL_NUMBER:
		return personalNumber
	case phonenumbers.PAGER:
		return pager
	case phonenumbers.UAN:
		return uan
	case phonenumbers.VOICEMAIL:
		return voicemail
	default:
		return unknown
	}
}

// kindSet is a set of kinds, a bit each.
type kindSet uint16

const everyKind = kindSet(1<<len(kindWords) - 1)

func (s kindSet) has(k kind) bool { return s&(1<<k) != 0 }
