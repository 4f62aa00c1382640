/* SPDX-License-Identifier: BSD-2-Clause */
/* trainwreck status: the figures of campaigns, while they run and after. */
#include <dirent.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "host/campaign.h"
#include "host/cli.h"
#include "host/trace_print.h"

struct afl_sum {
	unsigned instances;
	double per_second, coverage; /* coverage: the best instance's, in percent of the map */
};

static void sum_afl(const char *dir, struct afl_sum *ret_sum)
{
	struct afl_sum s = { 0 };
	char path[1200];
	struct dirent *d;

	snprintf(path, sizeof(path), "%s/afl", dir);
	DIR *folder = opendir(path);
	while (folder && (d = readdir(folder))) {
		double cover = afl_stat(dir, d->d_name, "bitmap_cvg");

		if (afl_stat(dir, d->d_name, "start_time") == 0)
			continue;
		s.instances++;
		s.per_second += afl_stat(dir, d->d_name, "execs_per_sec");
		if (cover > s.coverage)
			s.coverage = cover;
	}
	if (folder)
		closedir(folder);
	*ret_sum = s;
}

static json_int_t figure(const json_t *stats, const char *key)
{
	return json_integer_value(json_object_get(stats, key));
}

static int show(const char *dir, int json)
{
	static const char *const keys[] = { "execs", "first_exec_ms", "runs", "skips", "errors", "flaky", "recoveries",
					    "engine_deaths", "predicted_deaths", "unchecked" };
	json_t *stats = campaign_stats(dir);
	struct afl_sum afl;

	if (!stats) {
		err("%s has no campaign: give the DIR of `trainwreck fuzz --out DIR`", dir);
		return -1;
	}
	sum_afl(dir, &afl);
	const json_int_t unknown = (json_int_t)campaign_confirmed(stats);
	const json_int_t known = (json_int_t)json_array_size(json_object_get(stats, "known"));
	double events = json_real_value(json_object_get(stats, "events_per_exec"));
	json_t *o = json_pack("{s:s, s:s, s:i, s:f, s:f, s:f, s:I, s:I}", "schema", "trainwreck.status.1", "dir",
			      dir, "instances", (int)afl.instances, "execs_per_sec", afl.per_second,
			      "coverage_percent", afl.coverage, "events_per_exec", events, "unknown", unknown,
			      "known", known);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set_new(o, keys[i], json_integer(figure(stats, keys[i])));
	if (json) {
		json_line(stdout, o);
		json_decref(stats);
		return 0;
	}
	printf("%s: %u %s\n  %.0f executions a second, %lld in all, %.1f events an execution, %.2f%% of the map\n"
	       "  signatures: %lld unknown, %lld known; flaky %lld, errors %lld\n"
	       "  recoveries %lld, engine deaths %lld, predicted deaths %lld, left unchecked %lld\n",
	       dir, afl.instances, afl.instances == 1 ? "fuzzer" : "fuzzers", afl.per_second, figure(stats, "execs"),
	       events, afl.coverage, unknown, known, figure(stats, "flaky"), figure(stats, "errors"),
	       figure(stats, "recoveries"), figure(stats, "engine_deaths"), figure(stats, "predicted_deaths"),
	       figure(stats, "unchecked"));
	if (figure(stats, "first_exec_ms"))
		printf("  first execution %.1f s after the start\n", (double)figure(stats, "first_exec_ms") / 1000);
	json_decref(o);
	json_decref(stats);
	return 0;
}

int cmd_status(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'J' },
						 CLI_LONG,
						 { 0 } };
	int json = 0, bad = 0, opt;

	optind = 1;
	while ((opt = getopt_long(argc, argv, CLI_SHORT, options, NULL)) != -1) {
		if (opt == 'J')
			json = 1;
		else
			cli_option(opt);
	}
	if (optind == argc)
		return cli_usage();
	for (; optind < argc; optind++)
		bad |= show(argv[optind], json);
	return bad ? EXIT_USAGE : EXIT_AS_MANUAL;
}
