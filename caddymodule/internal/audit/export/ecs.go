package export

import (
	"slices"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

// ECSVersion is the version of the schema that events follow.
const ECSVersion = "8.17.0"

// ECS returns a result as an ECS event, a line with its newline. Of any other
// record it reports false.
func ECS(r audit.Record) (event []byte, ok bool) { return line(ecs, &r) }

// ECSMappings are the fields of an ECS event.
func ECSMappings() []Mapping { return slices.Clone(ecs) }

// What ECS has no field for stands below ringward, as ECS wants it of fields of
// one's own.
var ecs = []Mapping{
	{"@timestamp", "`time`", func(r *audit.Record) any { return timestamp(r) }},
	{"ecs.version", "always `" + ECSVersion + "`", constant(ECSVersion)},
	{"event.kind", "always `event`", constant("event")},
	{"event.category", "always `[\"api\"]`", constant([]string{"api"})},
	{"event.type", "`decision`: `access` with `denied` if refused, else with `allowed`", func(r *audit.Record) any {
		if r.Decision == audit.Refused {
			return []string{"access", "denied"}
		}
		return []string{"access", "allowed"}
	}},
	{"event.outcome", "`decision`: `success` if answered, else `failure`", func(r *audit.Record) any {
		if r.Decision == audit.Answered {
			return "success"
		}
		return "failure"
	}},
	{"event.action", "`operation`", text(func(r *audit.Record) string { return r.Operation })},
	{"event.reason", "`reason`", text(func(r *audit.Record) string { return r.Reason })},
	{"event.duration", "`duration_us`, in nanoseconds", func(r *audit.Record) any { return r.Duration.Nanoseconds() }},
	{"event.id", "`request_id`", text(func(r *audit.Record) string { return r.RequestID })},
	{"event.sequence", "`seq`", sequence},
	{"event.module", "always `ringward`", constant("ringward")},
	{"event.dataset", "always `ringward.audit`", constant("ringward.audit")},
	{"event.provider", "always `ringward`", constant("ringward")},
	{"service.type", "always `ringward`", constant("ringward")},
	{"service.name", "always `ringward`", constant("ringward")},
	{"service.version", "`version`", text(func(r *audit.Record) string { return r.Version })},
	{"user.name", "`caller`", text(func(r *audit.Record) string { return r.Caller })},
	{"client.ip", "`client_ip`", text(address)},
	{"client.address", "`client_ip`, or `client_ip_pseudonym`", func(r *audit.Record) any {
		if r.ClientIPPseudonym != "" {
			return r.ClientIPPseudonym
		}
		return text(address)(r)
	}},
	{"http.request.id", "`request_id`", text(func(r *audit.Record) string { return r.RequestID })},
	{"http.response.status_code", "`status`", func(r *audit.Record) any { return r.Status }},
	{"organization.name", "`provider`: whose API was asked", text(func(r *audit.Record) string { return r.Provider })},
	{"related.ip", "`client_ip`, as a list", list(func(r *audit.Record) []string { return only(address(r)) })},
	{"related.user", "`caller`, as a list", list(func(r *audit.Record) []string { return only(r.Caller) })},
	{"labels.auth", "`auth`", text(func(r *audit.Record) string { return string(r.Auth) })},
	{"labels.config", "`config`", text(func(r *audit.Record) string { return r.Config })},
	{"labels.decision", "`decision`", text(func(r *audit.Record) string { return string(r.Decision) })},
	{"labels.key_id", "`key_id`", text(func(r *audit.Record) string { return r.KeyID })},
	{"ringward.cost", "`cost`", number(func(r *audit.Record) int { return r.Cost })},
	{"ringward.credential_version", "`credential_version`", number(func(r *audit.Record) int { return r.CredentialVersion })},
	{"ringward.fields", "`fields`", list(func(r *audit.Record) []string { return r.Fields })},
	{"ringward.numbers", "`numbers[].pseudonym`", list(pseudonyms)},
	{"ringward.regions", "`numbers[].region`", list(regions)},
	{"ringward.released", "`released`", list(func(r *audit.Record) []string { return r.Released })},
	{"ringward.upstream_calls", "`upstream_calls`", number(func(r *audit.Record) int { return r.UpstreamCalls })},
	{"ringward.upstream_duration", "`upstream_duration_us`, in nanoseconds", number(func(r *audit.Record) int { return int(r.UpstreamDuration) })},
	{"ringward.upstream_status", "`upstream_status`", number(func(r *audit.Record) int { return r.UpstreamStatus })},
}

func only(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}
