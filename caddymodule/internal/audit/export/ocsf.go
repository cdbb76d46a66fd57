package export

import (
	"slices"
	"strconv"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

// OCSFVersion is the version of the schema that events follow.
const OCSFVersion = "1.3.0"

// The numbers of OCSF.
const (
	ocsfCategory      = 6    // Application Activity
	ocsfClass         = 6003 // API Activity
	ocsfRead          = 2    // activity: a lookup changes nothing
	ocsfInformational = 1
	ocsfLow           = 2
	ocsfSuccess       = 1
	ocsfFailure       = 2
	ocsfOther         = 99
)

// nobody is the actor of a request that named no caller that Ringward knows.
const nobody = "unauthenticated"

// OCSF returns a result as an OCSF event of the class API Activity, a line with
// its newline. Of any other record it reports false.
func OCSF(r audit.Record) (event []byte, ok bool) { return line(ocsf, &r) }

// OCSFMappings are the attributes of an OCSF event.
func OCSFMappings() []Mapping { return slices.Clone(ocsf) }

var ocsf = []Mapping{
	{"category_uid", "always 6, Application Activity", constant(ocsfCategory)},
	{"category_name", "always `Application Activity`", constant("Application Activity")},
	{"class_uid", "always 6003, API Activity", constant(ocsfClass)},
	{"class_name", "always `API Activity`", constant("API Activity")},
	{"activity_id", "always 2, Read", constant(ocsfRead)},
	{"activity_name", "always `Read`", constant("Read")},
	{"type_uid", "always 600302", constant(ocsfClass*100 + ocsfRead)},
	{"type_name", "always `API Activity: Read`", constant("API Activity: Read")},
	{"time", "`time`, in milliseconds since 1970", func(r *audit.Record) any { return r.Time.UnixMilli() }},
	{"duration", "`duration_us`, in milliseconds", func(r *audit.Record) any { return milliseconds(r.Duration) }},
	{"severity_id", "`decision`: 1 if answered, else 2", ocsfSeverityID},
	{"severity", "`decision`: `Informational` if answered, else `Low`", func(r *audit.Record) any { return ocsfSeverity[ocsfSeverityID(r)] }},
	{"status_id", "`decision`: 1 if answered, else 2", ocsfStatusID},
	{"status", "`decision`: `Success` if answered, else `Failure`", func(r *audit.Record) any { return ocsfStatus[ocsfStatusID(r)] }},
	{"status_code", "`status`, as text", func(r *audit.Record) any { return strconv.Itoa(r.Status) }},
	{"status_detail", "`reason`", text(func(r *audit.Record) string { return r.Reason })},
	{"metadata.version", "always `" + OCSFVersion + "`", constant(OCSFVersion)},
	{"metadata.product.name", "always `Ringward`", constant("Ringward")},
	{"metadata.product.vendor_name", "always `Ringward`", constant("Ringward")},
	{"metadata.product.version", "`version`", text(func(r *audit.Record) string { return r.Version })},
	{"metadata.log_name", "always `audit`", constant("audit")},
	{"metadata.original_time", "`time`", func(r *audit.Record) any { return timestamp(r) }},
	{"metadata.uid", "`request_id`", text(func(r *audit.Record) string { return r.RequestID })},
	{"metadata.sequence", "`seq`", sequence},
	{"actor.app_name", "`caller`, or `unauthenticated`", actorName},
	{"actor.user.name", "`caller`", text(func(r *audit.Record) string { return r.Caller })},
	{"actor.user.type", "always `Application`, where there is a caller", ocsfOfCaller("Application")},
	{"actor.user.type_id", "always 99, Other, where there is a caller", ocsfOfCaller(ocsfOther)},
	{"actor.user.credential_uid", "`key_id`, where there is a caller", func(r *audit.Record) any {
		if r.Caller == "" || r.KeyID == "" {
			return nil
		}
		return r.KeyID
	}},
	{"api.operation", "`operation`, or `unknown`", func(r *audit.Record) any {
		if r.Operation == "" {
			return "unknown"
		}
		return r.Operation
	}},
	{"api.service.name", "`provider`", text(func(r *audit.Record) string { return r.Provider })},
	{"api.request.uid", "`request_id`", text(func(r *audit.Record) string { return r.RequestID })},
	{"api.response.code", "`status`", func(r *audit.Record) any { return r.Status }},
	{"api.response.error", "`reason`", text(func(r *audit.Record) string { return r.Reason })},
	{"src_endpoint.ip", "`client_ip`", text(address)},
	{"src_endpoint.uid", "`client_ip_pseudonym`", text(func(r *audit.Record) string { return r.ClientIPPseudonym })},
	{"src_endpoint.name", "always `local`, where no address is known: a unix socket", func(r *audit.Record) any {
		if address(r) != "" || r.ClientIPPseudonym != "" {
			return nil
		}
		return "local"
	}},
	{"http_request.uid", "`request_id`", text(func(r *audit.Record) string { return r.RequestID })},
	{"http_response.code", "`status`", func(r *audit.Record) any { return r.Status }},
	{"http_response.latency", "`duration_us`, in milliseconds", func(r *audit.Record) any { return milliseconds(r.Duration) }},
	{"resources", "`numbers[].pseudonym`, as `uid`, with the type `phone number pseudonym`", ocsfResources},
	{"unmapped.auth", "`auth`", text(func(r *audit.Record) string { return string(r.Auth) })},
	{"unmapped.config", "`config`", text(func(r *audit.Record) string { return r.Config })},
	{"unmapped.cost", "`cost`", number(func(r *audit.Record) int { return r.Cost })},
	{"unmapped.credential_version", "`credential_version`", number(func(r *audit.Record) int { return r.CredentialVersion })},
	{"unmapped.decision", "`decision`", text(func(r *audit.Record) string { return string(r.Decision) })},
	{"unmapped.fields", "`fields`", list(func(r *audit.Record) []string { return r.Fields })},
	{"unmapped.regions", "`numbers[].region`", list(regions)},
	{"unmapped.released", "`released`", list(func(r *audit.Record) []string { return r.Released })},
	{"unmapped.upstream_calls", "`upstream_calls`", number(func(r *audit.Record) int { return r.UpstreamCalls })},
	{"unmapped.upstream_duration_ms", "`upstream_duration_us`, in milliseconds", number(func(r *audit.Record) int { return int(milliseconds(r.UpstreamDuration)) })},
	{"unmapped.upstream_status", "`upstream_status`", number(func(r *audit.Record) int { return r.UpstreamStatus })},
}

var (
	ocsfSeverity = map[any]string{ocsfInformational: "Informational", ocsfLow: "Low"}
	ocsfStatus   = map[any]string{ocsfSuccess: "Success", ocsfFailure: "Failure"}
)

func ocsfSeverityID(r *audit.Record) any {
	if r.Decision == audit.Answered {
		return ocsfInformational
	}
	return ocsfLow
}

func ocsfStatusID(r *audit.Record) any {
	if r.Decision == audit.Answered {
		return ocsfSuccess
	}
	return ocsfFailure
}

func actorName(r *audit.Record) any {
	if r.Caller == "" {
		return nobody
	}
	return r.Caller
}

func ocsfOfCaller(value any) func(*audit.Record) any {
	return func(r *audit.Record) any {
		if r.Caller == "" {
			return nil
		}
		return value
	}
}

func ocsfResources(r *audit.Record) any {
	var all []object
	for _, pseudonym := range pseudonyms(r) {
		all = append(all, object{"type": "phone number pseudonym", "uid": pseudonym})
	}
	if all == nil {
		return nil
	}
	return all
}
