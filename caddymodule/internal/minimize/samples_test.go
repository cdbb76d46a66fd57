package minimize

import (
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// The vendor's documented sample, and its answer for a number that is not
// valid.
const (
	numverifyAnswer = `{"valid":true,"number":"14158586273","local_format":"4158586273",` +
		`"international_format":"+14158586273","country_prefix":"+1","country_code":"US",` +
		`"country_name":"United States of America","location":"Novato","carrier":"AT&T Mobility LLC","line_type":"mobile"}`
	numverifyNotValid = `{"valid":false,"number":"183155511","local_format":"","international_format":"",` +
		`"country_prefix":"","country_code":"","country_name":"","location":"","carrier":"","line_type":null}`
	numverifyBadKey = `{"success":false,"error":{"code":101,"type":"invalid_access_key",` +
		`"info":"You have not supplied a valid API Access Key. [Technical Support: owner@example.com]"}}`
)

// checkThatPhoneAnswer has every field of the vendor's Node client, with a
// fictional number.
const checkThatPhoneAnswer = `{"success":true,"credits_used":2,"data":{"subscriber":"4155550123",` +
	`"optDate":"2024-08-15T18:55:56.532Z","action":"send","deliverable":"true","reason":"","nanpType":"mobile",` +
	`"blackList":"false","smsEligible":"true","doNotSms":"false","deactivationDate":"","ipResult":"valid-v4",` +
	`"dip":"success","dipLrn":"4155550100","dipPorted":"true","dipOcn":"6664","dipCarrier":"AT&T",` +
	`"dipCarrierSubType":"","dipCarrierType":"wireless","geoCountry":"US","geoState":"CA","geoCity":"Novato",` +
	`"geoMetro":807,"geoSource":"nanp","timezone":"America/Los_Angeles","tzOffset":-8,"litigator":"false",` +
	`"litigator_type":"","litigator_name":"","dipMessagingLookup":"success","dipMessagingEnabled":"true",` +
	`"dipMessagingProvider":"AT&T","dipMessagingRefId":"a1b2c3d4","dipMessagingCountryCode":"US",` +
	`"dncStateChecked":"CA","dncStateResult":"false","dncComplainerChecked":"true","dncComplainerResult":"false",` +
	`"dncOtherChecked":"false","dncStateCovered":"true"}}`

func presetPlan(tb testing.TB, preset, operation string, release Release) *Plan {
	tb.Helper()
	p, err := provider.Preset(preset)
	if err != nil {
		tb.Fatal(err)
	}
	op := p.Operation(operation)
	if op == nil {
		tb.Fatalf("%s has no operation %s", preset, operation)
	}
	plan, err := Compile(op.Fields, p.Rules, release, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return plan
}
