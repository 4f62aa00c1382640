/* SPDX-License-Identifier: BSD-2-Clause */
/* What all subcommands share: exit statuses, how to say things, and the global options. */
#ifndef TW_HOST_CLI_H
#define TW_HOST_CLI_H

#include <stdint.h>

enum exit_status {
	EXIT_AS_MANUAL = 0,
	EXIT_FINDING = 1, /* a divergence, crash or hang that is not known */
	EXIT_USAGE = 2,
	EXIT_HARNESS = 3, /* the harness or its surroundings failed */
	EXIT_SKIPPED = 4, /* everything was skipped */
};

struct cli {
	int quiet, verbose;
	int colour; /* stdout is a terminal and NO_COLOR is not set */
	const char *command; /* the subcommand that runs */
};
extern struct cli cli;

#define COMMAND(name, usage, words) int cmd_##name(int argc, char **argv);
#include "host/commands.def"
#undef COMMAND

/*
 * A subcommand's option strings hold CLI_SHORT, its long options the rows CLI_LONG; what it does not
 * know itself goes to cli_option(), which may end the program (-h, or an unknown option).
 */
#define CLI_SHORT "hqv"
#define CLI_LONG                                                                                   \
	{ "help", no_argument, NULL, 'h' }, { "quiet", no_argument, NULL, 'q' },                   \
	{                                                                                          \
		"verbose", no_argument, NULL, 'v'                                                  \
	}
void cli_option(int opt);

/*
 * --tables of the subcommands that run sequences: "idt" goes on; "fred" is SKIP for all of them, since
 * this build lays sequences out for the IDT only, and ends the program with EXIT_SKIPPED.
 */
void cli_tables(const char *arg);

/* What --engine and --link take, as it is; or the end with EXIT_USAGE where there is none of that name. */
const char *cli_engine(const char *spec);
const char *cli_link(const char *name);

/* The header byte of a handler style, NAME or NAME,off=GUARD, or the end with EXIT_USAGE. */
uint8_t cli_style(const char *text);

/* A whole number from min to max, or the end with EXIT_USAGE and what `option` takes. */
long cli_number(const char *text, const char *option, long min, long max);

/* How a subcommand is called, on stderr. Returns EXIT_USAGE. */
int cli_usage(void);

/* `trainwreck: what went wrong: what to do next` on stderr. */
void err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same, and the end. */
void die(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));
/* Progress and remarks on stderr, unless -q. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* SGR sequences, or "" without colour: paint("31") red, "32" green, "33" yellow, "1" bold, "0" end. */
const char *paint(const char *sgr);

#endif
