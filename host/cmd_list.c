/* SPDX-License-Identifier: BSD-2-Clause */
/* The project's tables, for people (columns) and for programs (--json: an object a line). */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/group.h"
#include "fuzz/model.h"
#include "host/cli.h"
#include "host/engine.h"
#include "host/list.h"

void list_row(const struct list_out *o, const char *const values[])
{
	json_t *line;
	char *text;
	int i;

	if (!o->json) {
		for (i = 0; o->names[i]; i++)
			printf("%-*s%s", o->widths[i], values[i], o->names[i + 1] ? "  " : "\n");
		return;
	}
	line = json_pack("{s:s}", "schema", o->schema);
	for (i = 0; o->names[i]; i++)
		json_object_set_new(line, o->names[i], json_string(values[i]));
	text = json_dumps(line, JSON_COMPACT);
	puts(text ? text : "{}");
	free(text);
	json_decref(line);
}

/* What an op's argument may be: a word of a list, or as docs/language.md says of bytes. */
static const struct {
	enum arg_kind kind;
	const char *name, *value, *words;
} args[] = {
	{ ARG_NONE, "", NULL, NULL },
	{ ARG_VECTOR, "VECTOR", "0x80", "any vector" },
	{ ARG_GATE, "GATE", "2 1", "any vector, and a small number" },
	{ ARG_DEFECT, "DEFECT", "rip=", "with a word of RIP" },
	{ ARG_DEFECT, "DEFECT", "cs=", "with a word of CS" },
	{ ARG_DEFECT, "DEFECT", "fl=", "with a word of FLAGS" },
	{ ARG_DEFECT, "DEFECT", "rsp=", "with a word of RSP" },
	{ ARG_DEFECT, "DEFECT", "ss=", "with a word of CS" },
#define ITEM(list, i, name, words) { ARG_##list, #list, name, words },
#include "fuzz/lists.def"
#undef ITEM
};

static const char *arg_name(unsigned kind)
{
	size_t i = sizeof(args) / sizeof(args[0]) - 1;

	while (i && args[i].kind != kind)
		i--;
	return args[i].name;
}

static void list_args(int json)
{
	const struct list_out o = { "trainwreck.list-args.1", { "argument", "value", "words" }, { 8, 12 }, json };

	for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++)
		if (args[i].value)
			list_row(&o, (const char *[]){ args[i].name, args[i].value, args[i].words });
}

static void list_ops(int json)
{
	const struct list_out o = { "trainwreck.list-ops.1", { "id", "op", "contexts", "argument", "words" },
			       { 4, 14, 4, 8 }, json };

	for (unsigned id = 0; id < 256; id++) {
		const struct op *op = &ops[id];
		char num[8], ctx[4];

		if (!op->text)
			continue;
		snprintf(num, sizeof(num), "0x%02x", id);
		snprintf(ctx, sizeof(ctx), "%s%s%s", op->ctx & K ? "k" : "", op->ctx & U ? "u" : "",
			 op->ctx & C ? "c" : "");
		list_row(&o, (const char *[]){ num, op->text, ctx, arg_name(op->arg), op->words });
	}
}

/* The features a bit set names, joined by blanks. */
static const char *feature_names(uint64_t needs, char *buf, size_t cap)
{
	static const char *const names[] = {
#define X(name, words) #name,
		FEATURES(X)
#undef X
	};

	buf[0] = 0;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t at = strlen(buf);

		if (needs >> i & 1)
			snprintf(buf + at, cap - at, "%s%s", at ? " " : "", names[i]);
	}
	return buf;
}

static void list_paths(int json)
{
	static const char *const vendors[] = { "", "Intel", "AMD" };
	const struct list_out o = { "trainwreck.list-paths.1", { "path", "from-to", "needs", "vendor", "words" },
			       { 24, 7, 9, 6 }, json };
	unsigned n;
	const struct bench_row *rows = bench_rows(&n);

	for (unsigned i = 0; i < n; i++) {
		char ring[8], needs[128];

		snprintf(ring, sizeof(ring), "%c-%c", "kuc"[rows[i].from], "kuc"[rows[i].to]);
		list_row(&o, (const char *[]){ rows[i].path, ring,
					  feature_names(rows[i].needs, needs, sizeof(needs)),
					  vendors[rows[i].vendor], rows[i].words });
	}
}

static void list_groups(int json)
{
	const struct list_out o = { "trainwreck.list-groups.1", { "group", "path", "over", "adds", "words" },
			       { 10, 24, 24, 60 }, json };
	unsigned n;
	const struct bench_adds *adds = bench_adds(&n);

	for (unsigned i = 0; i < n; i++) {
		const struct bench_group *group = bench_group(adds[i].group);
		const struct bench_row *over = bench_row(adds[i].over);

		list_row(&o, (const char *[]){ group->name, bench_row(adds[i].row)->path,
					  over ? over->path : "", adds[i].adds, group->words });
	}
}

static void list_events(int json)
{
	static const struct {
		int vector;
		const char *name;
		int has_err;
		const char *class, *kind, *words;
	} events[] = {
#define VEC(n, name, err, class, kind, words) { n, "#" #name, err, #class, #kind, words },
#include "efi/abi/vectors.def"
#undef VEC
	};
	const struct list_out o = { "trainwreck.list-events.1",
			       { "vector", "event", "error_code", "class", "kind", "words" },
			       { 3, 5, 5, 13, 10 }, json };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		char num[8];

		snprintf(num, sizeof(num), "%d", events[i].vector);
		list_row(&o, (const char *[]){ num, events[i].name, events[i].has_err ? "code" : "",
					  events[i].class, events[i].kind, events[i].words });
	}
}

static void list_engines(int json)
{
	const struct list_out o = { "trainwreck.list-engines.1", { "engine", "state", "words" }, { 8, 18 }, json };

	for (unsigned i = 0; i < engine_count(); i++) {
		struct engine_info info = engine_info(i);

		list_row(&o, (const char *[]){ info.name,
					  info.in_this_build ? "here" : "not in this build",
					  info.words });
	}
}

static void list_verdicts(int json)
{
	static const struct {
		const char *name;
		int status;
		const char *words;
	} verdicts[] = {
#define VERDICT(id, name, status, words) { #name, status, words },
#include "efi/abi/verdicts.def"
#undef VERDICT
	};
	const struct list_out o = { "trainwreck.list-verdicts.1", { "verdict", "exit_status", "words" }, { 10, 2 },
			       json };

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		char num[8];

		snprintf(num, sizeof(num), "%d", verdicts[i].status);
		list_row(&o, (const char *[]){ verdicts[i].name, num, verdicts[i].words });
	}
}

static const struct {
	const char *name;
	void (*list)(int json);
} lists[] = {
	{ "ops", list_ops },	       { "args", list_args },	    { "paths", list_paths },
	{ "groups", list_groups },     { "events", list_events },   { "engines", list_engines },
	{ "verdicts", list_verdicts }, { "rules", list_rules },	    { "catalogue", list_catalogue },
};

int cmd_list(int argc, char **argv)
{
	static const struct option longs[] = { { "json", no_argument, NULL, 'j' },
					      { "masks", no_argument, NULL, 'm' },
					      CLI_LONG,
					      { 0 } };
	int opt, json = 0, masks = 0;

	while ((opt = getopt_long(argc, argv, CLI_SHORT, longs, NULL)) != -1) {
		if (opt == 'j')
			json = 1;
		else if (opt == 'm')
			masks = 1;
		else
			cli_option(opt);
	}
	if (masks) {
		if (optind + 1 != argc || strcmp(argv[optind], "rules"))
			return cli_usage();
		list_masks(json);
		return EXIT_AS_MANUAL;
	}
	for (size_t i = 0; optind + 1 == argc && i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (!strcmp(argv[optind], lists[i].name)) {
			lists[i].list(json);
			return EXIT_AS_MANUAL;
		}
	}
	return cli_usage();
}
