/* SPDX-License-Identifier: BSD-2-Clause */
/* The folder of a campaign, and its figures. */
#include "host/fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "efi/abi/victim.h"
#include "efi/abi/wire.h"
#include "host/campaign.h"
#include "host/cli.h"
#include "host/file.h"
#include "host/finding.h"
#include "host/paths.h"
#include "host/seqfile.h"
#include "host/sitting.h"

static void find_mutator(struct fuzz *fuzz)
{
	if (!path_of_ours("trainwreck-mutator.so", "lib/trainwreck/trainwreck-mutator.so", fuzz->mutator,
			  sizeof(fuzz->mutator)))
		fuzz->mutator[0] = 0;
}

/* A flat folder of NNN-name.bin, as AFL++ wants it. */
static int write_seed(const struct fuzz *fuzz, size_t number, const struct seq_case *c)
{
	uint8_t bytes[SEQ_BYTES_MAX];
	char path[FUZZ_PATH + 128];
	const char *base = strrchr(c->name, '/');

	base = base ? base + 1 : c->name;
	snprintf(path, sizeof(path), "%s/%03zu-%.*s.bin", fuzz->seeds, number,
		 (int)strcspn(base, "."), base);
	return file_write(path, bytes, seq_encode(&c->seq, bytes));
}

static int write_seeds(struct fuzz *fuzz, char *why, size_t why_cap)
{
	struct seq_cases cases = { 0 };
	char source[FUZZ_PATH + 16];

	if (fuzz->seed_source)
		snprintf(source, sizeof(source), "%s", fuzz->seed_source);
	else
		path_of_ours("corpus", "share/trainwreck/corpus", source, sizeof(source));
	if (seq_cases_add(&cases, source, why, why_cap))
		return -1;
	fuzz->n_seeds = cases.n;
	int bad = 0;
	for (size_t i = 0; i < cases.n && !bad; i++) {
		/* what shows that a guard is needed is for campaigns to find */
		if (strstr(cases.v[i].name, "/guards/"))
			fuzz->n_seeds--;
		else
			bad = write_seed(fuzz, i, &cases.v[i]);
	}
	seq_cases_free(&cases);
	if (bad)
		snprintf(why, why_cap, "%s cannot be written: %s; choose another --out", fuzz->seeds,
			 strerror(errno));
	else if (!fuzz->n_seeds)
		snprintf(why, why_cap, "no sequence in %s; name a folder of .seq files with --seeds", source);
	return bad || !fuzz->n_seeds ? -1 : 0;
}

void fuzz_job_name(const struct fuzz *fuzz, unsigned job, char out[FUZZ_NAME])
{
	if (fuzz->jobs == 1)
		snprintf(out, FUZZ_NAME, "%s", fuzz->name ? fuzz->name : "default");
	else if (!job)
		snprintf(out, FUZZ_NAME, "main");
	else
		snprintf(out, FUZZ_NAME, "s%03u", job % 1000);
}

/*
 * What a campaign's figures and findings hold for. An older folder without it is taken as it is; one
 * of another kind is left alone, since neither its queue's coverage nor its counts would be true.
 */
static int check_identity(const struct fuzz *fuzz, char *why, size_t why_cap)
{
	char path[FUZZ_PATH + 32], build[32];

	snprintf(build, sizeof(build), "%s-%08x", TW_VERSION, victim_build());
	snprintf(path, sizeof(path), "%s/campaign.json", fuzz->dir);
	json_t *now = json_pack("{s:s, s:s, s:s, s:b}", "schema", "trainwreck.campaign.1", "engine",
				fuzz->engine, "build", build, "strict", fuzz->strict);
	json_t *old = json_load_file(path, 0, NULL);
	int bad = 0;
	if (!old)
		bad = file_write_json(path, json_incref(now));
	else if (!json_equal(old, now))
		bad = 1;
	if (bad < 0)
		snprintf(why, why_cap, "%s cannot be written: %s; choose another --out", path, strerror(errno));
	if (bad > 0)
		snprintf(why, why_cap, "%s has a campaign of another engine or build (its campaign.json says "
			 "which): give --engine and program that it was begun with, or another --out", fuzz->dir);
	json_decref(now);
	json_decref(old);
	return bad;
}

int fuzz_prepare(struct fuzz *fuzz, char *why, size_t why_cap)
{
	ssize_t n = readlink("/proc/self/exe", fuzz->exe, sizeof(fuzz->exe) - 1);

	if (n <= 0 || strlen(fuzz->dir) >= FUZZ_PATH) {
		snprintf(why, why_cap, "%s is too long, or /proc is not mounted; choose a shorter --out",
			 fuzz->dir);
		return -1;
	}
	fuzz->exe[n] = 0;
	snprintf(fuzz->seeds, sizeof(fuzz->seeds), "%s/seeds", fuzz->dir);
	snprintf(fuzz->afl_dir, sizeof(fuzz->afl_dir), "%s/afl", fuzz->dir);
	snprintf(fuzz->log, sizeof(fuzz->log), "%s/afl.log", fuzz->dir);
	if ((mkdir(fuzz->dir, 0777) && errno != EEXIST) || (mkdir(fuzz->seeds, 0777) && errno != EEXIST)) {
		snprintf(why, why_cap, "%s cannot be made: %s; choose another --out", fuzz->dir,
			 strerror(errno));
		return -1;
	}
	int bad = check_identity(fuzz, why, why_cap);
	if (bad)
		return bad;
	/* of an earlier sitting */
	sitting_refused(fuzz->dir, why, why_cap);
	sitting_free_memory(fuzz->dir);
	find_mutator(fuzz);
	return write_seeds(fuzz, why, why_cap);
}

static long long figure(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

void fuzz_progress(const struct fuzz *fuzz)
{
	json_t *s = campaign_stats(fuzz->dir);

	if (s)
		note("%lld execs, %zu unknown signatures, %lld flaky, %lld recoveries", figure(s, "execs"), campaign_confirmed(s),
		     figure(s, "flaky"), figure(s, "recoveries"));
	json_decref(s);
}

/* A figure of AFL++'s own, of all its instances together. */
static double afl_figure(const struct fuzz *fuzz, const char *key)
{
	double sum = 0;

	for (unsigned job = 0; job < fuzz->jobs; job++) {
		char name[FUZZ_NAME];

		fuzz_job_name(fuzz, job, name);
		sum += afl_stat(fuzz->dir, name, key);
	}
	return sum;
}

static int signatures_write(const struct fuzz *fuzz, const json_t *stats)
{
	json_t *row;
	size_t i;
	int found = 0;

	json_array_foreach(json_object_get(stats, "signatures"), i, row) {
		const char *name = json_string_value(json_object_get(row, "signature"));
		if (!name || !json_is_true(json_object_get(row, "confirmed")))
			continue;
		if (finding_steps(fuzz->dir, name) < 0)
			continue;
		printf("%8lld  unknown  %s\n          trainwreck replay %s/findings/%s\n",
		       figure(row, "count"), name, fuzz->dir, name);
		found++;
	}
	json_array_foreach(json_object_get(stats, "known"), i, row)
		printf("%8lld  known    %s\n", figure(row, "count"),
		       json_string_value(json_object_get(row, "id")));
	return found;
}

int fuzz_summary(const struct fuzz *fuzz)
{
	json_t *s = campaign_stats(fuzz->dir);

	if (!s)
		return -1;
	printf("executions          %lld\nexecutions a second %.2f\nevents an execution %.1f\n"
	       "skipped             %lld\ndeaths passed over  %lld\nleft unchecked      %lld\nrecoveries          %lld\n"
	       "flaky               %lld\nerrors              %lld\n",
	       figure(s, "execs"), afl_figure(fuzz, "execs_per_sec"),
	       json_number_value(json_object_get(s, "events_per_exec")), figure(s, "skips"),
	       figure(s, "predicted_deaths"), figure(s, "unchecked"), figure(s, "recoveries"), figure(s, "flaky"),
	       figure(s, "errors"));
	if (figure(s, "first_exec_ms"))
		printf("first execution     %.1f s after the start\n", (double)figure(s, "first_exec_ms") / 1000);
	int found = signatures_write(fuzz, s);
	if (found)
		printf("findings            %s/findings\n", fuzz->dir);
	json_decref(s);
	return found;
}
