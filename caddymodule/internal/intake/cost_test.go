package intake

import (
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func TestCostCountsNumbersAndWhatIsSentWithThem(t *testing.T) {
	query := func(pairs ...string) *Form {
		op := settingOperation()
		op.Cost = 3
		return mustCompile(op, Options{Allow: []string{"Type"}, Settings: settings(pairs...)})
	}
	ask := func(raw string) Message { return Message{Method: "GET", PathNumber: "1", RawQuery: raw} }
	insight := insightForm("/insights", "/features")
	status := mustCompile(&provider.Operation{Method: "GET", Path: "/status", Cost: 7}, Options{})
	free := mustCompile(&provider.Operation{Method: "GET", Path: "/status"}, Options{})
	for _, tt := range []struct {
		name string
		form *Form
		in   Message
		want int
	}{
		{"plain lookup", queryForm(), Message{RawQuery: "number=1"}, 1},
		{"operation with a price", query(), ask(""), 3},
		{"every value", query(), ask("Type=carrier&Type=caller-name"), 7},
		{"what the route sets", query("Type=carrier"), ask(""), 5},
		{"switch", insight, jsonMessage(`{"phone_number":"1","insights":{"sim_swap":{}}}`), 4},
		{"switch with members", insight, jsonMessage(`{"phone_number":"1","insights":{"sim_swap":{"period":1},"match":{"first_name":"x"}}}`), 6},
		{"price of one value", insight, jsonMessage(`{"phone_number":"1","features":["RND","SimSwap"]}`), 6},
		{"list", listForm(), jsonMessage(`{"to":["1","2","3"]}`), 3},
		{"list with a parameter for all", listForm(), jsonMessage(`{"to":["1","2","3"],"mode":"x"}`), 6},
		{"batch, each number with its own", batchForm(), jsonMessage(`{"phone_numbers":[{"phone_number":"1","fields":["carrier","caller_name"]},{"phone_number":"2","fields":["carrier"]},{"phone_number":"3"}]}`), 3 + 5 + 1},
		{"batch with a parameter for all", batchForm(), jsonMessage(`{"phone_numbers":[{"phone_number":"1","fields":["carrier"]},{"phone_number":"2"}],"deep":true}`), 2*11 + 1},
		{"boolean that is false", batchForm(), jsonMessage(`{"phone_numbers":[{"phone_number":"1"}],"deep":false}`), 1},
		{"batch with a setting", batchForm(settings("/phone_numbers/*/fields/*=caller_name")...), jsonMessage(`{"phone_numbers":[{"phone_number":"1"},{"phone_number":"2"}]}`), 2 + 2*4},
		{"no number", status, Message{}, 7},
		{"no number and no price", free, Message{}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, err := tt.form.Read(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if got := in.Cost(); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
