/* SPDX-License-Identifier: BSD-2-Clause */
/* AFL++ ends its target with SIGKILL, so figures are written as they grow and not at the end. */
#include "host/campaign.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/finding.h"

enum { PATH_CAP = 1200, WRITE_EVERY_MS = 1000 };

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

json_t *campaign_stats(const char *dir)
{
	char path[PATH_CAP];

	snprintf(path, sizeof(path), "%s/stats.json", dir);
	return json_load_file(path, 0, NULL);
}

static uint64_t figure(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? (uint64_t)json_integer_value(v) : 0;
}

/* Signatures confirmed in an earlier sitting need no second confirmation. */
static void load_signatures(struct campaign *c, const json_t *stats)
{
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(stats, "signatures"), i, row) {
		const char *name = json_string_value(json_object_get(row, "signature"));
		struct seen_signature *s = name ? campaign_signature(c, name) : NULL;
		if (!s)
			continue;
		s->count = s->saved_count = figure(row, "count");
		s->steps = (uint32_t)figure(row, "steps");
		s->confirmed = json_is_true(json_object_get(row, "confirmed"));
	}
}

void campaign_open(struct campaign *c, const char *dir)
{
	json_t *stats = campaign_stats(dir);

	memset(c, 0, sizeof(*c));
	c->dir = dir;
	c->started_ms = now_ms();
	mkdir(dir, 0777);
	load_signatures(c, stats);
	c->flaky = figure(stats, "flaky");
	json_decref(stats);
}

struct seen_signature *campaign_signature(struct campaign *c, const char *name)
{
	for (unsigned i = 0; i < c->n; i++) {
		if (!strcmp(c->seen[i].name, name))
			return &c->seen[i];
	}
	if (c->n == SIGNATURES_MAX)
		return NULL;
	struct seen_signature *s = &c->seen[c->n++];
	memset(s, 0, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "%s", name);
	return s;
}

static json_t *signatures_json(const struct campaign *c)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < c->n; i++) {
		const struct seen_signature *s = &c->seen[i];
		json_array_append_new(a, json_pack("{s:s, s:I, s:i, s:b, s:i}", "signature", s->name,
						   "count", (json_int_t)s->count, "steps", (int)s->steps,
						   "confirmed", s->confirmed, "flaky", s->flaky));
	}
	return a;
}

static json_t *known_json(const struct known *known)
{
	json_t *a = json_array();

	for (unsigned i = 0; known && i < known->n; i++) {
		if (known->entry[i].seen)
			json_array_append_new(a, json_pack("{s:s, s:I}", "id", known->entry[i].id, "count",
							   (json_int_t)known->entry[i].seen));
	}
	return a;
}

static void save_counts(struct campaign *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		struct seen_signature *s = &c->seen[i];
		if (!s->confirmed || s->count == s->saved_count)
			continue;
		finding_count(c->dir, s->name, s->count - s->saved_count);
		s->saved_count = s->count;
	}
}

void campaign_write(struct campaign *c, const struct oracle *o, int now)
{
	char path[PATH_CAP], tmp[PATH_CAP];
	int64_t t = now_ms();

	if (!now && t - c->written_ms < WRITE_EVERY_MS)
		return;
	c->written_ms = t;
	save_counts(c);
	json_t *j = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "schema",
			      "trainwreck.stats.1", "execs", (json_int_t)c->execs, "runs",
			      (json_int_t)o->n_runs, "events", (json_int_t)o->n_events,
			      "skips", (json_int_t)c->skips, "errors", (json_int_t)c->errors, "flaky",
			      (json_int_t)c->flaky, "recoveries", (json_int_t)o->n_recoveries,
			      "predicted_deaths", (json_int_t)o->n_skipped_deaths, "unchecked",
			      (json_int_t)o->n_unchecked, "milliseconds",
			      (json_int_t)(t - c->started_ms), "events_per_exec",
			      o->n_runs ? (double)o->n_events / (double)o->n_runs : 0.0);
	json_object_set_new(j, "signatures", signatures_json(c));
	json_object_set_new(j, "known", known_json(o->known));
	snprintf(path, sizeof(path), "%s/stats.json", c->dir);
	snprintf(tmp, sizeof(tmp), "%s/stats.json.%d", c->dir, (int)getpid());
	if (!json_dump_file(j, tmp, JSON_INDENT(1)))
		rename(tmp, path);
	json_decref(j);
}
