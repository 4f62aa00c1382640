/* SPDX-License-Identifier: BSD-2-Clause */
/* A run as JSON: docs/results.md says what each member is. */
#include <string.h>

#include "host/results.h"

static json_t *hex(uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)v);
	return json_string(text);
}

/* Text of the guest: bytes that are not UTF-8 are no reason to lose the line. */
static json_t *guest_text(const char *s, size_t cap)
{
	size_t n = strnlen(s, cap);
	json_t *text = json_stringn(s, n);

	return text ? text : json_string("?");
}

static json_t *features_json(uint64_t features)
{
	static const char *const names[] = {
#define X(name, words) #name,
		FEATURES(X)
#undef X
	};
	json_t *list = json_array();

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (features >> i & 1)
			json_array_append_new(list, json_string(names[i]));
	return list;
}

/* The steps in which the counter is seen to move: no figure of the run is known better. 0: it cannot be seen. */
static double clock_step(const struct results *rs)
{
	double step = 0;

	for (size_t i = 0; i < rs->n; i++) {
		double s = rs->v[i].stats.step;

		if (s > 0 && (step <= 0 || s < step))
			step = s;
	}
	return step;
}

static json_t *text_or_null(const char *s, size_t cap)
{
	return s[0] ? guest_text(s, cap) : json_null();
}

static json_t *hex_or_null(uint64_t v)
{
	return v == ABOUT_NOT_KNOWN ? json_null() : hex(v);
}

static void set_about(json_t *o, const struct about *a)
{
	json_object_set_new(o, "system", text_or_null(a->system, sizeof(a->system)));
	json_object_set_new(o, "board", text_or_null(a->board, sizeof(a->board)));
	json_object_set_new(o, "bios", text_or_null(a->bios, sizeof(a->bios)));
	json_object_set_new(o, "tsc_hz_from", text_or_null(a->clock, sizeof(a->clock)));
	json_object_set_new(o, "arch_capabilities", hex_or_null(a->arch_capabilities));
	json_object_set_new(o, "spec_ctrl", hex_or_null(a->spec_ctrl));
	json_object_set_new(o, "counters", json_pack("{s:i, s:i, s:i}", "version", a->pmu_version, "general",
						     a->pmu_general, "fixed", a->pmu_fixed));
	json_object_set_new(o, "lfence_waits", a->lfence_waits ? json_true() : json_null());
	json_object_set_new(o, "bench_build", hex(a->bench_build));
}

json_t *results_context_json(const struct results *rs, const struct results_context *c)
{
	static const char *const vendors[] = { "other", "Intel", "AMD" };
	const struct msg_hello *h = c->hello;
	const struct profile *p = &h->profile;
	json_t *o = json_object();

	json_object_set_new(o, "schema", json_string("trainwreck.bench-context.2"));
	json_object_set_new(o, "label", json_string(results_label(h, c->engine)));
	json_object_set_new(o, "engine", json_string(c->engine));
	json_object_set_new(o, "engine_version", json_string(c->engine_version));
	json_object_set_new(o, "command_line", json_string(c->command_line));
	json_object_set_new(o, "tables", json_string(c->tables));
	json_object_set_new(o, "program", json_string(TW_VERSION));
	json_object_set_new(o, "build", hex(h->build));
	json_object_set_new(o, "vendor", json_string(vendors[p->vendor < 3 ? p->vendor : 0]));
	json_object_set_new(o, "brand", guest_text(p->brand, sizeof(p->brand)));
	json_object_set_new(o, "signature", hex(p->signature));
	json_object_set_new(o, "microcode", hex(p->microcode));
	json_object_set_new(o, "hypervisor", guest_text(p->hypervisor, sizeof(p->hypervisor)));
	json_object_set_new(o, "firmware", guest_text(h->firmware, sizeof(h->firmware)));
	json_object_set_new(o, "features", features_json(p->features));
	set_about(o, &h->about);
	json_object_set_new(o, "tsc_hz", hex(h->tsc_hz));
	json_object_set_new(o, "tsc_step", json_real(clock_step(rs)));
	json_object_set_new(o, "plan", c->plan && *c->plan ? json_string(c->plan) : text_or_null(h->about.plan, sizeof(h->about.plan)));
	json_object_set_new(o, "only", json_string(c->only));
	json_object_set_new(o, "samples_per_placement", json_integer(c->samples));
	json_object_set_new(o, "warmup_per_placement", json_integer(c->warmup));
	return o;
}

/* The number that all batches agree on, or null. */
static json_t *retired_json(const struct result *r)
{
	for (unsigned i = 1; i < r->n_counted; i++)
		if (r->retired[i] != r->retired[0])
			return json_null();
	return r->n_counted && r->retired[0] ? json_integer(r->retired[0]) : json_null();
}

/* The median of the batches' medians, or null where one of them was not counted. */
static json_t *cycles_json(const struct result *r)
{
	struct stats s;

	for (unsigned i = 0; i < r->n_counted; i++)
		if (!r->cycles[i])
			return json_null();
	return r->n_counted && !stats_of(r->cycles, r->n_counted, &s) ? json_real(s.median) : json_null();
}

static void set_counted(json_t *o, const struct result *r)
{
	static const char *const why[DISCARD_REASONS] = {
		[DISCARD_NMI] = "nmi", [DISCARD_SMI] = "smi", [DISCARD_RETIRED] = "retired", [DISCARD_LONG] = "long",
	};
	json_t *by = json_object();

	for (unsigned i = 0; i < DISCARD_REASONS; i++)
		json_object_set_new(by, why[i], json_integer(r->discarded[i]));
	json_object_set_new(o, "discarded_for", by);
	json_object_set_new(o, "retired_instructions", retired_json(r));
	json_object_set_new(o, "core_cycles", cycles_json(r));
}

static void set_figures(json_t *o, const struct result *r)
{
	const struct {
		const char *name;
		double v;
	} figures[] = {
		{ "min", r->stats.min },       { "p5", r->stats.p5 },	{ "q1", r->stats.q1 },
		{ "median", r->stats.median }, { "q3", r->stats.q3 },	{ "p95", r->stats.p95 },
		{ "p99", r->stats.p99 },       { "max", r->stats.max }, { "mad", r->stats.mad },
	};
	json_t *placed = json_array(), *batches = json_array();

	for (unsigned i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		json_object_set_new(o, figures[i].name,
				    r->stats.n ? json_real(figures[i].v) : json_null());
	for (unsigned i = 0; r->stats.n && i < (r->row->id < SEQ_IDS ? BENCH_ALIGNS : 1); i++) {
		json_t *of_one = json_array();

		if (r->row->id < SEQ_IDS)
			json_array_append_new(placed, json_real(r->placed[i]));
		for (unsigned k = 0; k < r->n_rounds; k++)
			json_array_append_new(of_one, json_real(r->batch[i][k]));
		json_array_append_new(batches, of_one);
	}
	json_object_set_new(o, "placement_medians", placed);
	json_object_set_new(o, "batch_medians", batches);
}

json_t *bench_result_json(const struct results *rs, const struct result *r, const char *label)
{
	static const char *const kinds[BENCH_KINDS] = { "round-trip", "enter", "exit" };
	const struct result *ovh = results_find(rs, r->row->overhead, BENCH_RT);
	json_t *o = json_object();
	char id[64];

	json_object_set_new(o, "schema", json_string("trainwreck.bench.2"));
	json_object_set_new(o, "id", json_string(bench_result_id(r, id)));
	json_object_set_new(o, "kind", json_string(kinds[r->kind]));
	json_object_set_new(o, "verdict", json_string(bench_verdict_name(r->verdict)));
	json_object_set_new(o, "reason", json_string(r->reason));
	json_object_set_new(o, "label", json_string(label));
	json_object_set_new(o, "unit", json_string("tsc-ticks"));
	json_object_set_new(o, "n", json_integer((json_int_t)r->stats.n));
	json_object_set_new(o, "discards", json_integer(r->discards));
	set_figures(o, r);
	json_object_set_new(o, "overhead_id",
			    json_string(ovh ? ovh->row->path : bench_row(r->row->overhead)->path));
	json_object_set_new(o, "overhead_median",
			    ovh && ovh->stats.n ? json_real(ovh->stats.median) : json_null());
	json_object_set_new(o, "instructions", r->insns ? json_integer(r->insns) : json_null());
	json_object_set_new(o, "smi", r->smi == ~0ull ? json_null() : hex(r->smi));
	json_object_set_new(o, "aperf", r->aperf ? hex(r->aperf) : json_null());
	json_object_set_new(o, "mperf", r->mperf ? hex(r->mperf) : json_null());
	if (r->row->id < SEQ_IDS)
		set_counted(o, r);
	json_object_set_new(o, "definition", json_string(r->row->words));
	if (r->extra)
		json_object_update(o, r->extra);
	return o;
}
