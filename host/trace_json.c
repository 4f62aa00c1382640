/* SPDX-License-Identifier: BSD-2-Clause */
/* Results as JSON: the contract is in docs/findings.md. 64-bit values are hex strings. */
#include "host/trace_print.h"

#include <inttypes.h>
#include <string.h>

static json_t *hex(uint64_t value)
{
	return json_sprintf("0x%" PRIx64, value);
}

json_t *record_json(const struct record *rec)
{
	char words[160];
	json_t *o = json_object();

	json_object_set_new(o, "event", json_string(event_words(rec, words, sizeof(words))));
#define FIELD(type, name, words_)                                                                  \
	json_object_set_new(o, #name,                                                              \
			    sizeof(type) == 8 ? hex(rec->name) : json_integer((json_int_t)rec->name));
	RECORD_FIELDS(FIELD)
#undef FIELD
	return o;
}

json_t *trace_json(const struct record *rec, unsigned n)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(a, record_json(&rec[i]));
	return a;
}

static const char *vendor_name(uint8_t vendor)
{
	return vendor == VENDOR_INTEL ? "intel" : vendor == VENDOR_AMD ? "amd" : "other";
}

json_t *profile_json(const struct profile *profile)
{
	return json_pack("{s:s, s:s%, s:s%, s:o, s:o, s:i, s:i, s:o}", "vendor", vendor_name(profile->vendor), "brand",
			 profile->brand, strnlen(profile->brand, sizeof(profile->brand)), "hypervisor",
			 profile->hypervisor, strnlen(profile->hypervisor, sizeof(profile->hypervisor)),
			 "signature", hex(profile->signature), "features", hex(profile->features),
			 "phys_bits", profile->phys_bits, "lin_bits", profile->lin_bits, "cr4", hex(profile->cr4));
}

json_t *difference_json(const struct result *r, const struct profile *profile)
{
	const struct judgement *j = &r->j;

	if (!r->signature[0] || (j->agrees && !is_broken_promise(r)) || !strncmp(r->signature, "engine.", 7))
		return json_null();

	const struct rule_info *info = &rule_info[j->rule];
	json_t *o = json_pack("{s:s, s:s, s:s}", "rule", info->name, "basis", basis_name(info->basis),
			      "manual", rule_manual(j->rule, profile));
	if (!r->has_observed && !j->agrees) {
		json_object_set_new(o, "field", json_string("outcome"));
		json_object_set_new(o, "expected",
				    json_string(outcome_name((enum outcome)j->trace.outcome)));
		json_object_set_new(o, "observed", json_string(outcome_name(r->outcome)));
		return o;
	}
	json_object_set_new(o, "record", json_integer(j->record));
	json_object_set_new(o, "field", json_string(j->field == F_COUNT ? "record" :
								       field_name(j->field)));
	json_object_set_new(o, "expected", hex(j->expected));
	json_object_set_new(o, "observed", hex(j->observed));
	return o;
}

json_t *result_json(const char *name, const struct seq *seq, const struct result *r,
		    const char *engine, const struct profile *profile)
{
	static char text[16384];
	unsigned n;
	const struct record *seen = result_observed(r, &n);
	json_t *known = json_array(), *o = json_object();

	for (unsigned i = 0; i < r->n_known; i++)
		json_array_append_new(known, json_string(r->known[i]));
	json_object_set_new(o, "schema", json_string("trainwreck.run.1"));
	json_object_set_new(o, "name", json_string(name));
	if (seq_print(seq, text, sizeof(text)) >= 0)
		json_object_set_new(o, "seq", json_string(text));
	json_object_set_new(o, "verdict", json_string(verdict_name(r->verdict)));
	json_object_set_new(o, "signature", r->signature[0] ? json_string(r->signature) : json_null());
	json_object_set_new(o, "known", known);
	json_object_set_new(o, "reason", r->reason[0] ? json_string(r->reason) : json_null());
	json_object_set_new(o, "engine", engine ? json_string(engine) : json_null());
	json_object_set_new(o, "profile", profile_json(profile));
	json_object_set_new(o, "expected_outcome",
			    json_string(outcome_name((enum outcome)r->j.trace.outcome)));
	json_object_set_new(o, "observed_outcome", json_string(outcome_name(r->outcome)));
	json_object_set_new(o, "expected", trace_json(r->j.trace.rec, r->j.trace.n));
	json_object_set_new(o, "observed", trace_json(seen, n));
	json_object_set_new(o, "first_difference", difference_json(r, profile));
	return o;
}

void json_line(FILE *f, json_t *object)
{
	json_dumpf(object, f, JSON_COMPACT);
	fputc('\n', f);
	json_decref(object);
}
