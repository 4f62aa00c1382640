/* SPDX-License-Identifier: BSD-2-Clause */
/* Hold plans against the binding, before they are on a stick. */
#include <getopt.h>
#include <stdio.h>

#include "host/bench_plan.h"
#include "host/cli.h"

static void show(const char *path, const struct config *c)
{
	switch (c->mode) {
	case CONFIG_BENCH:
		printf("%s: good; measures %s, %u samples behind %u runs in each placement\n", path, c->only, c->samples,
		       c->warmup);
		break;
	case CONFIG_TEST:
		printf("%s: good; runs the stick's sequences against the model\n", path);
		break;
	case CONFIG_SERVE:
		printf("%s: good; answers a host on the UART at 0x%x\n", path, c->port);
		break;
	}
}

int cmd_plan(int argc, char **argv)
{
	static const struct option longs[] = { CLI_LONG, { 0 } };
	int opt, status = EXIT_AS_MANUAL;

	while ((opt = getopt_long(argc, argv, CLI_SHORT, longs, NULL)) != -1)
		cli_option(opt);
	if (optind == argc)
		return cli_usage();
	for (; optind < argc; optind++) {
		struct config c;
		char why[1024];
		int bad = plan_read(argv[optind], &c, why, sizeof(why));

		if (bad) {
			err("%s", why);
			status = bad > status ? bad : status;
		} else {
			show(argv[optind], &c);
		}
	}
	return status;
}
