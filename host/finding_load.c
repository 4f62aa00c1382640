/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings may come from elsewhere: nothing in their files is trusted to be there or to be right. */
#include "host/finding_load.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/seqfile.h"

enum { PATH_CAP = 1200 };

static json_t *load_json(const char *folder, const char *file)
{
	char path[PATH_CAP];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return json_load_file(path, 0, NULL);
}

static void get_text(const json_t *o, const char *key, char *out, size_t cap)
{
	const char *text = json_string_value(json_object_get(o, key));

	snprintf(out, cap, "%s", text ? text : "");
}

static uint64_t get_number(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (json_is_string(v))
		return strtoull(json_string_value(v), NULL, 16);
	return json_is_integer(v) ? (uint64_t)json_integer_value(v) : 0;
}

static void get_profile(const json_t *o, struct profile *ret_profile)
{
	struct profile *p = ret_profile;
	char vendor[16];

	memset(p, 0, sizeof(*p));
	get_text(o, "vendor", vendor, sizeof(vendor));
	p->vendor = !strcmp(vendor, "intel") ? VENDOR_INTEL :
		    !strcmp(vendor, "amd")   ? VENDOR_AMD :
					       VENDOR_OTHER;
	p->phys_bits = (uint8_t)get_number(o, "phys_bits");
	p->lin_bits = (uint8_t)get_number(o, "lin_bits");
	p->signature = (uint32_t)get_number(o, "signature");
	p->features = get_number(o, "features");
	p->cr4 = get_number(o, "cr4");
	get_text(o, "brand", p->brand, sizeof(p->brand));
	get_text(o, "hypervisor", p->hypervisor, sizeof(p->hypervisor));
}

static void get_record(const json_t *o, struct record *ret_record)
{
#define FIELD(type, name, words) ret_record->name = (type)get_number(o, #name);
	RECORD_FIELDS(FIELD)
#undef FIELD
}

static int load_observed(const char *folder, struct finding *f)
{
	json_t *o = load_json(folder, "observed.json"), *rec;
	char outcome[16];
	size_t i;

	get_text(o, "outcome", outcome, sizeof(outcome));
	f->outcome = !strcmp(outcome, "SHUTDOWN") ? OUTCOME_SHUTDOWN :
		     !strcmp(outcome, "HANG")	  ? OUTCOME_HANG :
						    OUTCOME_DONE;
	json_array_foreach(json_object_get(o, "records"), i, rec) {
		if (i <= RECORDS_MAX)
			get_record(rec, &f->observed[f->n++]);
	}
	json_decref(o);
	return o ? 0 : -1;
}

static int load_reproducer(const char *folder, struct finding *f, char *err, size_t err_cap)
{
	static const char *const files[] = { "minimized.seq", "input.seq", "input.bin" };

	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(f->reproducer, sizeof(f->reproducer), "%s/%s", folder, files[i]);
		if (!access(f->reproducer, R_OK))
			return seq_load(f->reproducer, &f->seq, err, err_cap);
	}
	snprintf(err, err_cap, "%s has no minimized.seq, input.seq or input.bin; name a folder below "
		 "DIR/findings", folder);
	return -1;
}

int finding_load(const char *folder, struct finding *ret_finding, char *err, size_t err_cap)
{
	struct finding *f = ret_finding;

	memset(f, 0, sizeof(*f));
	if (load_reproducer(folder, f, err, err_cap))
		return -1;
	json_t *meta = load_json(folder, "finding.json"), *engine = load_json(folder, "engine.json");
	int bad = !meta || !engine || load_observed(folder, f);
	get_text(meta, "signature", f->signature, sizeof(f->signature));
	get_text(meta, "verdict", f->verdict, sizeof(f->verdict));
	get_text(meta, "first_seen", f->first_seen, sizeof(f->first_seen));
	f->count = get_number(meta, "count");
	get_text(engine, "spec", f->spec, sizeof(f->spec));
	get_text(engine, "engine", f->engine, sizeof(f->engine));
	get_text(engine, "version", f->version, sizeof(f->version));
	get_profile(json_object_get(engine, "profile"), &f->profile);
	json_decref(meta);
	json_decref(engine);
	if (bad || !*f->signature) {
		snprintf(err, err_cap, "%s: finding.json, engine.json or observed.json is missing or no "
			 "JSON; fetch the whole folder again", folder);
		return -1;
	}
	return 0;
}

int finding_known(const struct finding *finding, char *out, size_t cap, char *err, size_t err_cap)
{
	static struct known known;
	static struct judgement j;
	const char *ids[KNOWN_IDS_MAX];
	size_t n = 0;

	if (known_load(&known, finding->engine, finding->version, err, err_cap))
		return -1;
	if (finding->outcome == OUTCOME_DONE)
		model_judge(&finding->seq, &finding->profile, &known.overlay, finding->observed,
			    finding->n, &j);
	else
		model_judge_death(&finding->seq, &finding->profile, &known.overlay, finding->outcome, &j);
	unsigned used = j.agrees ? known_needed(&known, &finding->seq, &finding->profile, &j.trace, ids,
						KNOWN_IDS_MAX) :
				   0;
	snprintf(out, cap, "-");
	for (unsigned i = 0; i < used && n < cap; i++)
		n += (size_t)snprintf(out + n, cap - n, "%s%s", i ? "," : "", ids[i]);
	known_free(&known);
	return 0;
}
