/* SPDX-License-Identifier: BSD-2-Clause */
/* AFL++ ends its target with SIGKILL, so figures are written as they grow and not at the end. */
#include "host/campaign.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"
#include "host/finding.h"
#include "host/link.h"

static const char FIRST_KEY[] = "first_exec_ms";

enum { PATH_CAP = 1200, WRITE_EVERY_MS = 1000 };

/* AFL++ tells its target which of its instances it belongs to. */
static const char *instance_name(void)
{
	const char *dir = getenv("__AFL_OUT_DIR");
	const char *base = dir ? strrchr(dir, '/') : NULL;

	base = base ? base + 1 : dir;
	return base && *base ? base : "default";
}

static uint64_t figure(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? (uint64_t)json_integer_value(v) : 0;
}

static json_t *row_of(json_t *rows, const char *key, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		const char *is = json_string_value(json_object_get(row, key));
		if (is && !strcmp(is, name))
			return row;
	}
	return NULL;
}

/* Rows of one name become one: counts are added, a confirmation holds for all, the shortest counts. */
static void merge_rows(json_t *into, const json_t *from, const char *key)
{
	json_t *row;
	size_t i;

	json_array_foreach(from, i, row) {
		const char *name = json_string_value(json_object_get(row, key));
		json_t *old = name ? row_of(into, key, name) : NULL;
		if (!old) {
			json_array_append_new(into, json_deep_copy(row));
			continue;
		}
		uint64_t steps = figure(old, "steps"), other = figure(row, "steps");
		uint64_t count = figure(old, "count") + figure(row, "count");
		json_object_set_new(old, "count", json_integer((json_int_t)count));
		if (json_is_true(json_object_get(row, "confirmed")))
			json_object_set_new(old, "confirmed", json_true());
		if (other && other < steps)
			json_object_set_new(old, "steps", json_integer((json_int_t)other));
	}
}

/* The sum of two instances' figures, into the first; of what is no sum, the earlier. */
static void merge(json_t *into, const json_t *from)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)from, key, v) {
		json_t *old = json_object_get(into, key);
		if (!old)
			json_object_set_new(into, key, json_deep_copy(v));
		else if (json_is_array(v))
			merge_rows(old, v, strcmp(key, "known") ? "signature" : "id");
		else if (!strcmp(key, FIRST_KEY))
			json_integer_set(old, json_integer_value(json_integer_value(v) < json_integer_value(old) ? v : old));
		else if (json_is_integer(v) && json_is_integer(old))
			json_integer_set(old, json_integer_value(old) + json_integer_value(v));
	}
	uint64_t runs = figure(into, "runs");
	json_object_set_new(into, "events_per_exec",
			    json_real(runs ? (double)figure(into, "events") / (double)runs : 0.0));
}

json_t *campaign_stats(const char *dir)
{
	char path[PATH_CAP];
	json_t *all = NULL;
	struct dirent *d;

	snprintf(path, sizeof(path), "%s/stats", dir);
	DIR *folder = opendir(path);
	while (folder && (d = readdir(folder))) {
		size_t len = strlen(d->d_name);
		if (len < 5 || strcmp(d->d_name + len - 5, ".json"))
			continue;
		snprintf(path, sizeof(path), "%s/stats/%s", dir, d->d_name);
		json_t *one = json_load_file(path, 0, NULL);
		if (!json_is_object(one)) {
			json_decref(one);
			continue;
		}
		if (!all) {
			all = one;
			continue;
		}
		merge(all, one);
		json_decref(one);
	}
	if (folder)
		closedir(folder);
	return all;
}

size_t campaign_confirmed(const json_t *stats)
{
	size_t i, n = 0;
	json_t *row;

	json_array_foreach(json_object_get(stats, "signatures"), i, row)
		n += json_is_true(json_object_get(row, "confirmed"));
	return n;
}

/* Signatures confirmed in an earlier sitting or by another instance need no second confirmation. */
static void load_signatures(struct campaign *c, const json_t *own, const json_t *all)
{
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(all, "signatures"), i, row) {
		const char *name = json_string_value(json_object_get(row, "signature"));
		struct seen_signature *s = name ? campaign_signature(c, name) : NULL;
		if (!s)
			continue;
		const json_t *mine = row_of(json_object_get(own, "signatures"), "signature", name);
		s->count = s->saved_count = figure(mine, "count");
		s->steps = (uint32_t)figure(row, "steps");
		s->confirmed = json_is_true(json_object_get(row, "confirmed"));
	}
}

void campaign_open(struct campaign *c, const char *dir)
{
	char path[PATH_CAP];

	memset(c, 0, sizeof(*c));
	c->dir = dir;
	c->instance = instance_name();
	c->started_ms = now_ms();
	c->begun_ms = getenv(BEGUN_ENV) ? strtoll(getenv(BEGUN_ENV), NULL, 10) : 0;
	mkdir(dir, 0777);
	snprintf(path, sizeof(path), "%s/stats", dir);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/stats/%s.json", dir, c->instance);
	c->before = json_load_file(path, 0, NULL);
	json_t *all = campaign_stats(dir);
	load_signatures(c, c->before, all);
	json_decref(all);
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

void campaign_answered(struct campaign *c)
{
	if (c->begun_ms && !c->first_ms)
		c->first_ms = now_ms() - c->begun_ms;
}

void campaign_write(struct campaign *c, const struct oracle *o, int now)
{
	char path[PATH_CAP];
	int64_t t = now_ms();

	if (!now && t - c->written_ms < WRITE_EVERY_MS)
		return;
	c->written_ms = t;
	save_counts(c);
	const struct {
		const char *key;
		uint64_t value;
	} figures[] = {
		{ "execs", c->execs },
		{ "runs", o->n_runs },
		{ "events", o->n_events },
		{ "skips", c->skips },
		{ "errors", c->errors },
		{ "flaky", c->flaky },
		{ "recoveries", o->n_recoveries },
		{ "engine_deaths", o->n_engine_deaths },
		{ "predicted_deaths", o->n_skipped_deaths },
		{ "unchecked", o->n_unchecked },
		{ "milliseconds", (uint64_t)(t - c->started_ms) },
	};
	json_t *j = json_pack("{s:s}", "schema", "trainwreck.stats.1");
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		json_object_set_new(j, figures[i].key,
				    json_integer((json_int_t)(figures[i].value + figure(c->before, figures[i].key))));
	if (c->first_ms)
		json_object_set_new(j, FIRST_KEY, json_integer(c->first_ms));
	uint64_t runs = figure(j, "runs");
	json_object_set_new(j, "events_per_exec",
			    json_real(runs ? (double)figure(j, "events") / (double)runs : 0.0));
	json_object_set_new(j, "signatures", signatures_json(c));
	json_object_set_new(j, "known", known_json(o->known));
	merge_rows(json_object_get(j, "known"), json_object_get(c->before, "known"), "id");
	snprintf(path, sizeof(path), "%s/stats/%s.json", c->dir, c->instance);
	file_write_json(path, j);
}

double afl_stat(const char *dir, const char *instance, const char *key)
{
	char path[PATH_CAP], line[512];
	double value = 0;

	snprintf(path, sizeof(path), "%s/afl/%s/fuzzer_stats", dir, instance);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		const char *colon = strchr(line, ':');
		if (colon && !strncmp(line, key, strlen(key)) && line[strlen(key)] <= ' ')
			value = strtod(colon + 1, NULL);
	}
	if (f)
		fclose(f);
	return value;
}
