package demo

import (
	"net/http"
	"strings"
)

// BigDataCloud knows the numbering plan. Its errors are not documented: those
// here are made up.
var _ = imitate("bigdatacloud", protocol{
	credential: queryKey("key"),
	answer: func(in inquiry) reply {
		query := in.URL.Query()
		switch {
		case !in.accepted:
			return bigDataCloudError(http.StatusUnauthorized, "The API key is missing or invalid")
		case in.Method != http.MethodGet || in.URL.Path != "/data/phone-number-validate":
			return bigDataCloudError(http.StatusNotFound, "No such resource")
		case query.Get("number") == "":
			return bigDataCloudError(http.StatusBadRequest, "The parameter number is missing")
		}
		f := factsOf(query.Get("number"), strings.ToUpper(query.Get("countryCode")))
		answer := map[string]any{"isValid": f.valid, "e164Format": nil, "internationalFormat": nil, "nationalFormat": nil}
		if f.valid {
			answer["e164Format"], answer["internationalFormat"] = f.e164, f.code+" "+strings.TrimPrefix(f.e164, f.code)
			answer["nationalFormat"] = nationalFormat(f)
		}
		return jsonReply(http.StatusOK, answer)
	},
	documented: map[string]reply{
		"rate_limit": bigDataCloudError(http.StatusTooManyRequests, "Too many requests"),
		"internal":   bigDataCloudError(http.StatusInternalServerError, "Something went wrong"),
	},
})

func bigDataCloudError(status int, description string) reply {
	return jsonReply(status, map[string]any{"status": status, "description": description})
}
