/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cli.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage, *words;
};

static const struct command commands[] = {
#define COMMAND(name, usage, words) { #name, cmd_##name, usage, words },
#include "host/commands.def"
#undef COMMAND
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void help(FILE *f)
{
	fprintf(f, "usage: trainwreck [-h] [-q] [-v] [--version] COMMAND ...\n\n");
	for (int i = 0; i < N_COMMANDS; i++)
		fprintf(f, "  %-10s %s\n", commands[i].name, commands[i].words);
	fprintf(f, "\n`trainwreck COMMAND -h` says how a command is called.\n");
}

static int is(const char *arg, const char *brief, const char *full)
{
	return (brief && !strcmp(arg, brief)) || !strcmp(arg, full);
}

/* The status of a command whose output did not get where it was to go. */
static int written(int status)
{
	int bad = fflush(stdout);

	/* of a write before that, nobody knows the reason any more */
	if (bad || ferror(stdout))
		die(EXIT_HARNESS, "the output cannot be written%s%s; free some space", bad ? ": " : "", bad ? strerror(errno) : "");
	return status;
}

int main(int argc, char **argv)
{
	const char *no_color = getenv("NO_COLOR");
	int i;

	cli.colour = isatty(STDOUT_FILENO) && !(no_color && *no_color);
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (is(argv[i], "-h", "--help")) {
			help(stdout);
			return EXIT_AS_MANUAL;
		}
		if (is(argv[i], NULL, "--version")) {
			printf("trainwreck %s\n", TW_VERSION);
			return EXIT_AS_MANUAL;
		}
		if (is(argv[i], "-q", "--quiet"))
			cli.quiet = 1;
		else if (is(argv[i], "-v", "--verbose"))
			cli.verbose = 1;
		else
			die(EXIT_USAGE, "no option %s before the command: see `trainwreck -h`",
			    argv[i]);
	}
	if (i == argc) {
		help(stderr);
		return EXIT_USAGE;
	}
	for (int c = 0; c < N_COMMANDS; c++) {
		if (!strcmp(argv[i], commands[c].name)) {
			cli.command = commands[c].name;
			return written(commands[c].run(argc - i, argv + i));
		}
	}
	die(EXIT_USAGE, "no command `%s`: see `trainwreck -h`", argv[i]);
}
