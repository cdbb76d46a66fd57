package intake

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func listForm() *Form {
	return mustCompile(&provider.Operation{
		Method: "POST", Path: "/number/1/query",
		Number: &provider.NumberSlot{In: provider.InJSON, Name: "/to/*", Format: provider.FormatDigits, Max: 3},
		Params: []provider.Param{{Name: "mode", In: provider.InJSON, Kind: provider.KindString, Cost: 1}},
	}, Options{})
}

// batchOperation has parameters for each number and one for them all.
func batchOperation() *provider.Operation {
	return &provider.Operation{
		Method: "POST", Path: "/v2/batch/query",
		Number: &provider.NumberSlot{
			In: provider.InJSON, Name: "/phone_numbers/*/phone_number", Format: provider.FormatE164,
			RegionParam: "/phone_numbers/*/country_code", Max: 3,
		},
		Params: []provider.Param{
			{Name: "/phone_numbers/*/correlation_id", In: provider.InJSON, Kind: provider.KindString},
			{Name: "/phone_numbers/*/fields/*", In: provider.InJSON, Kind: provider.KindString, Values: []string{"carrier", "caller_name"}, Max: 2, OptIn: true, Cost: 1, Costs: map[string]int{"caller_name": 4}},
			{Name: "/phone_numbers/*/identity/first_name", In: provider.InJSON, Kind: provider.KindString},
			{Name: "deep", In: provider.InJSON, Kind: provider.KindBoolean, Cost: 10},
		},
	}
}

func batchForm(settings ...Setting) *Form {
	return mustCompile(batchOperation(), Options{Allow: []string{"/phone_numbers/*/fields/*"}, Settings: settings})
}

func TestBatchKeepsTheOrderOfItsNumbers(t *testing.T) {
	for _, tt := range []struct {
		name string
		form *Form
		body string
		want []Asked
		sent string
	}{
		{
			"list", listForm(), `{"to":["10","20",30]}`,
			[]Asked{{"10", ""}, {"20", ""}, {"30", ""}},
			`{"to":["n0","n1","n2"]}`,
		},
		{
			"objects with regions", batchForm(),
			`{"phone_numbers":[{"country_code":"us","phone_number":"10"},{"phone_number":"20"},{"phone_number":"30","country_code":"CA"}]}`,
			[]Asked{{"10", "US"}, {"20", ""}, {"30", "CA"}},
			`{"phone_numbers":[{"phone_number":"n0"},{"phone_number":"n1"},{"phone_number":"n2"}]}`,
		},
		{
			"objects with parameters of their own", batchForm(),
			`{"deep":true,"phone_numbers":[{"fields":["carrier"],"phone_number":"10","country_code":""},{"phone_number":"20","identity":{"first_name":"x"},"correlation_id":"c"}]}`,
			[]Asked{{"10", ""}, {"20", ""}},
			`{"phone_numbers":[{"phone_number":"n0","fields":["carrier"]},{"phone_number":"n1","correlation_id":"c","identity":{"first_name":"x"}}],"deep":true}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, err := tt.form.Read(jsonMessage(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(in.Numbers, tt.want) {
				t.Errorf("got %q, want %q", in.Numbers, tt.want)
			}
			numbers := make([]string, len(in.Numbers))
			for i := range numbers {
				numbers[i] = fmt.Sprintf("n%d", i)
			}
			if sent := string(tt.form.Write(in, numbers).Body); sent != tt.sent {
				t.Errorf("got  %s\nwant %s", sent, tt.sent)
			}
		})
	}
}

func TestBatchIsRefusedAsAWhole(t *testing.T) {
	for _, tt := range []struct {
		name   string
		form   *Form
		body   string
		reason provider.Reason
		detail string
	}{
		{"too many", listForm(), `{"to":["1","2","3","4"]}`, provider.ReasonTooLarge, "takes 3 in one request"},
		{"too many objects", batchForm(), `{"phone_numbers":[` + strings.Repeat(`{"phone_number":"1"},`, 3) + `{"phone_number":"1"}]}`, provider.ReasonTooLarge, "takes 3 in one request"},
		{"none", listForm(), `{}`, provider.ReasonInvalidRequest, "number is missing"},
		{"empty list", listForm(), `{"to":[]}`, provider.ReasonInvalidRequest, "/to is empty"},
		{"one number, not in a list", listForm(), `{"to":"1"}`, provider.ReasonInvalidRequest, "/to must be an array"},
		{"empty number", listForm(), `{"to":["1",""]}`, provider.ReasonInvalidRequest, "number is empty"},
		{"null number", listForm(), `{"to":["1",null]}`, provider.ReasonInvalidRequest, "/to/* must be a plain value"},
		{"element without a number", batchForm(), `{"phone_numbers":[{"phone_number":"1"},{"country_code":"US"}]}`, provider.ReasonInvalidRequest, "number is missing"},
		{"element that is empty", batchForm(), `{"phone_numbers":[{"phone_number":"1"},{}]}`, provider.ReasonInvalidRequest, "number is missing"},
		{"element that is null", batchForm(), `{"phone_numbers":[null]}`, provider.ReasonInvalidRequest, "must be an object"},
		{"number as a list", batchForm(), `{"phone_numbers":[{"phone_number":["1","2"]}]}`, provider.ReasonInvalidRequest, "must be a plain value"},
		{"region that is none", batchForm(), `{"phone_numbers":[{"phone_number":"1","country_code":"USA"}]}`, provider.ReasonInvalidRequest, "two-letter region"},
		{"region as a number", batchForm(), `{"phone_numbers":[{"phone_number":"1","country_code":1}]}`, provider.ReasonInvalidRequest, "must be a text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.form.Read(jsonMessage(tt.body))
			wantRefusal(t, err, tt.reason, tt.detail)
		})
	}
}

func TestBodyBoundGrowsWithTheBatch(t *testing.T) {
	if got := bodyForm().MaxBody(); got != MaxBodyBytes {
		t.Errorf("a single number: %d", got)
	}
	if got := queryForm().MaxBody(); got != MaxBodyBytes {
		t.Errorf("no body: %d", got)
	}
	list, batch := listForm().MaxBody(), batchForm().MaxBody()
	if list <= MaxBodyBytes || batch <= list {
		t.Errorf("a list %d, objects %d", list, batch)
	}
	_, err := listForm().Read(jsonMessage(`{"to":["1"]}` + strings.Repeat(" ", list)))
	wantRefusal(t, err, provider.ReasonTooLarge, "body is too large")
}
