/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/run_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_MAX = 64 };

enum kind { TEXT, TEXT_OR_NULL, HEX, HEX_OR_NULL, COUNT, COUNT_OR_NULL, NUMBER, NUMBER_OR_NULL, LIST, OBJECT };

static const char *const kind_words[] = {
	"a string", "a string or null", "a hex string", "a hex string or null", "a whole number from 0 on",
	"a whole number from 0 on, or null", "a number", "a number or null", "a list", "an object",
};

struct member {
	const char *name;
	enum kind kind;
	int since; /* the version of the schema that brought it; MAY_LACK: no version, it is not there in every file */
};

enum { MAY_LACK = 0 };

static const struct member context[] = {
	{ "label", TEXT, 1 },	    { "engine", TEXT, 1 },	{ "engine_version", TEXT, 1 },
	{ "command_line", TEXT, 1 }, { "tables", TEXT, 1 },	{ "program", TEXT, 1 },
	{ "build", HEX, 1 },	    { "vendor", TEXT, 1 },	{ "brand", TEXT, 1 },
	{ "signature", HEX, 1 },    { "microcode", HEX, 1 },	{ "hypervisor", TEXT, 1 },
	{ "firmware", TEXT, 1 },    { "features", LIST, 1 },	{ "tsc_hz", HEX, 1 },
	{ "samples_per_placement", COUNT, 1 }, { "warmup_per_placement", COUNT, 1 },
	{ "tsc_step", NUMBER, 2 },  { "only", TEXT, 2 },
	{ "plan", TEXT_OR_NULL, 2 }, { "system", TEXT_OR_NULL, 2 }, { "board", TEXT_OR_NULL, 2 },
	{ "bios", TEXT_OR_NULL, 2 }, { "tsc_hz_from", TEXT_OR_NULL, 2 },
	{ "arch_capabilities", HEX_OR_NULL, 2 }, { "spec_ctrl", HEX_OR_NULL, 2 },
	{ "counters", OBJECT, 2 }, { "bench_build", HEX, 2 },
};

static const struct member row[] = {
	{ "id", TEXT, 1 },	 { "kind", TEXT, 1 },	     { "verdict", TEXT, 1 },
	{ "reason", TEXT, 1 },	 { "label", TEXT, 1 },	     { "unit", TEXT, 1 },
	{ "n", COUNT, 1 },	 { "discards", COUNT, 1 },   { "min", NUMBER_OR_NULL, 1 },
	{ "p5", NUMBER_OR_NULL, 1 }, { "q1", NUMBER_OR_NULL, 1 }, { "median", NUMBER_OR_NULL, 1 },
	{ "q3", NUMBER_OR_NULL, 1 }, { "p95", NUMBER_OR_NULL, 1 }, { "p99", NUMBER_OR_NULL, 1 },
	{ "max", NUMBER_OR_NULL, 1 }, { "mad", NUMBER_OR_NULL, 1 }, { "placement_medians", LIST, 1 },
	{ "overhead_id", TEXT, 1 }, { "overhead_median", NUMBER_OR_NULL, 1 },
	{ "instructions", COUNT_OR_NULL, 1 }, { "smi", HEX_OR_NULL, 1 }, { "aperf", HEX_OR_NULL, 1 },
	{ "mperf", HEX_OR_NULL, 1 }, { "definition", TEXT, 1 }, { "batch_medians", LIST, 2 },
	{ "retired_instructions", COUNT_OR_NULL, MAY_LACK }, { "core_cycles", NUMBER_OR_NULL, MAY_LACK },
	{ "discarded_for", OBJECT, MAY_LACK },
};

static const char *const figure_names[N_FIGURES] = { "min", "p5", "q1", "median", "q3", "p95", "p99", "max", "mad" };

/* What is shown on a terminal or a page has no control characters in it. */
static int plain(const char *s, size_t n)
{
	if (strlen(s) != n)
		return 0;
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return 0;
	return 1;
}

static int is_hex(const char *s)
{
	return !strncmp(s, "0x", 2) && s[2] && strlen(s) <= 18 && !s[2 + strspn(s + 2, "0123456789abcdef")];
}

static int is_count(const json_t *v)
{
	return json_is_integer(v) && json_integer_value(v) >= 0 && json_integer_value(v) <= 1 << 30;
}

static int is_kind(const json_t *v, enum kind kind)
{
	switch (kind) {
	case TEXT_OR_NULL:
		if (json_is_null(v))
			return 1;
		/* fall through */
	case TEXT:
		return json_is_string(v) && plain(json_string_value(v), json_string_length(v));
	case HEX_OR_NULL:
		if (json_is_null(v))
			return 1;
		/* fall through */
	case HEX:
		return json_is_string(v) && is_hex(json_string_value(v));
	case COUNT_OR_NULL:
		return json_is_null(v) || is_count(v);
	case COUNT:
		return is_count(v);
	case NUMBER_OR_NULL:
		return json_is_null(v) || (json_is_number(v) && json_number_value(v) >= 0);
	case NUMBER:
		return json_is_number(v) && json_number_value(v) >= 0;
	case LIST:
		return json_is_array(v);
	case OBJECT:
		return json_is_object(v);
	}
	return 0;
}

static const char *check(const json_t *o, const struct member *m, size_t n, int version, char *buf, size_t cap)
{
	for (size_t i = 0; i < n; i++) {
		const json_t *v = json_object_get(o, m[i].name);

		if (m[i].since > version || (v ? is_kind(v, m[i].kind) : m[i].since == MAY_LACK))
			continue;
		snprintf(buf, cap, v ? "\"%s\" must be %s" : "\"%s\" is missing: it must be %s", m[i].name,
			 kind_words[m[i].kind]);
		return buf;
	}
	return NULL;
}

static int one_of(const char *s, const char *const words[])
{
	for (; *words; words++)
		if (!strcmp(s, *words))
			return 1;
	return 0;
}

const char *run_check_context(const json_t *o, int version, char *buf, size_t cap)
{
	static const char *const labels[] = { "hardware", "virtual", "emulated", NULL };
	const char *bad = check(o, context, sizeof(context) / sizeof(context[0]), version, buf, cap);
	const json_t *word;
	size_t i;

	if (bad)
		return bad;
	if (!one_of(json_string_value(json_object_get(o, "label")), labels))
		return "\"label\" must be hardware, virtual or emulated";
	json_array_foreach(json_object_get(o, "features"), i, word)
		if (!is_kind(word, TEXT))
			return "\"features\" must be a list of strings";
	return NULL;
}

const char *run_check_row(const json_t *o, int version, char *buf, size_t cap)
{
	static const char *const verdicts[] = { "OK", "SKIP", "UNSTABLE", "ERROR", NULL };
	static const char *const kinds[] = { "round-trip", "enter", "exit", NULL };
	const char *bad = check(o, row, sizeof(row) / sizeof(row[0]), version, buf, cap);

	if (bad)
		return bad;
	if (!one_of(json_string_value(json_object_get(o, "verdict")), verdicts))
		return "\"verdict\" must be OK, SKIP, UNSTABLE or ERROR";
	if (!one_of(json_string_value(json_object_get(o, "kind")), kinds))
		return "\"kind\" must be round-trip, enter or exit";
	return NULL;
}

/* Numbers of a list into v, from *n on, at most max. -1: they are no numbers, or too many. */
static int numbers(const json_t *list, double *v, unsigned *n, unsigned max)
{
	const json_t *x;
	size_t i;

	if (!json_is_array(list))
		return -1;
	json_array_foreach(list, i, x) {
		if (!is_kind(x, NUMBER) || *n == max)
			return -1;
		v[(*n)++] = json_number_value(x);
	}
	return 0;
}

/* The units that a comparison counts: batches, or what an older file has. */
static int take_units(const json_t *o, int version, struct run_row *r)
{
	double v[RUN_UNITS_MAX];
	const json_t *of_one;
	unsigned n = 0;
	size_t i;

	if (version == 1) {
		if (numbers(json_object_get(o, "placement_medians"), v, &n, RUN_UNITS_MAX))
			return -1;
	} else {
		json_array_foreach(json_object_get(o, "batch_medians"), i, of_one)
			if (numbers(of_one, v, &n, RUN_UNITS_MAX))
				return -1;
	}
	if (!n)
		return -1;
	r->unit_of = malloc(n * sizeof(*v));
	if (!r->unit_of)
		return -1;
	memcpy(r->unit_of, v, n * sizeof(*v));
	r->n_units = n;
	return 0;
}

static const char *text(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

static int take_figures(const json_t *o, int version, struct run_row *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < N_FIGURES; i++) {
		const json_t *v = json_object_get(o, figure_names[i]);

		if (!json_is_number(v))
			return -1;
		r->fig[i] = json_number_value(v);
		if (i && i <= F_MAX && r->fig[i] < r->fig[i - 1])
			return -1;
	}
	/* a sequence is in one place */
	if (numbers(json_object_get(o, "placement_medians"), r->placed, &n, RUN_PLACEMENTS) ||
	    (n && n != RUN_PLACEMENTS))
		return -1;
	r->n_placed = n;
	return take_units(o, version, r);
}

int run_take_row(const json_t *o, int version, struct run_row *ret, char *buf, size_t cap)
{
	const json_t *insns = json_object_get(o, "instructions"), *ovh = json_object_get(o, "overhead_median");
	const json_t *retired = json_object_get(o, "retired_instructions"), *cycles = json_object_get(o, "core_cycles");
	const char *sequence = text(o, "sequence");

	*ret = (struct run_row){
		.id = text(o, "id"),
		.kind = text(o, "kind"),
		.verdict = text(o, "verdict"),
		.reason = text(o, "reason"),
		.unit = text(o, "unit"),
		.overhead_id = text(o, "overhead_id"),
		.definition = text(o, "definition"),
		.sequence = sequence ? sequence : "",
		.n = (long)json_integer_value(json_object_get(o, "n")),
		.discards = (long)json_integer_value(json_object_get(o, "discards")),
		.instructions = json_is_null(insns) ? -1 : (long)json_integer_value(insns),
		.retired = json_is_integer(retired) ? (long)json_integer_value(retired) : -1,
		.core_cycles = json_is_number(cycles) ? json_number_value(cycles) : -1,
		.overhead = json_is_null(ovh) ? -1 : json_number_value(ovh),
	};
	ret->ok = !strcmp(ret->verdict, "OK");
	if (!*ret->id || strlen(ret->id) >= ID_MAX || ret->id[strspn(ret->id, "abcdefghijklmnopqrstuvwxyz0123456789._-")]) {
		snprintf(buf, cap, "\"id\" must be of small letters, digits, '.', '_' and '-', fewer than %d", ID_MAX);
		return -1;
	}
	if (ret->ok && !ret->n) {
		snprintf(buf, cap, "a row that is OK has samples");
		return -1;
	}
	if (ret->n && take_figures(o, version, ret)) {
		snprintf(buf, cap, "its figures must be numbers in rising order, with those of four placements (or none) and of batches");
		return -1;
	}
	return 0;
}
