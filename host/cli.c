/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/seq.h"
#include "host/engine.h"

struct cli cli;

struct usage_row {
	const char *name, *usage;
};

static const struct usage_row usages[] = {
#define COMMAND(name, usage, words) { #name, usage },
#include "host/commands.def"
#undef COMMAND
};

static void print_usage(FILE *f)
{
	for (unsigned i = 0; i < sizeof(usages) / sizeof(usages[0]); i++) {
		if (cli.command && !strcmp(usages[i].name, cli.command))
			fprintf(f, "usage: trainwreck %s %s\n", cli.command, usages[i].usage);
	}
}

int cli_usage(void)
{
	print_usage(stderr);
	return EXIT_USAGE;
}

void cli_option(int opt)
{
	switch (opt) {
	case 'q':
		cli.quiet = 1;
		break;
	case 'v':
		cli.verbose = 1;
		break;
	case 'h':
		print_usage(stdout);
		exit(EXIT_AS_MANUAL);
	default:
		exit(cli_usage());
	}
}

void err(const char *fmt, ...)
{
	va_list ap;

	fputs("trainwreck: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void die(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("trainwreck: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

void note(const char *fmt, ...)
{
	va_list ap;

	if (cli.quiet)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

const char *paint(const char *sgr)
{
	static char buf[8][16];
	static unsigned next;
	char *out = buf[next++ % 8];

	if (!cli.colour)
		return "";
	snprintf(out, sizeof(buf[0]), "\033[%sm", sgr);
	return out;
}

long cli_number(const char *text, const char *option, long min, long max)
{
	char *end;

	errno = 0;
	long n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < min || n > max)
		die(EXIT_USAGE, "%s %s: write a whole number from %ld to %ld", option, text, min, max);
	return n;
}

static void must_name(const struct engine_opts *opts)
{
	char why[256];

	if (engine_named(opts, why, sizeof(why)))
		die(EXIT_USAGE, "%s", why);
}

const char *cli_engine(const char *spec)
{
	must_name(&(struct engine_opts){ .spec = spec });
	return spec;
}

const char *cli_link(const char *name)
{
	must_name(&(struct engine_opts){ .link = name });
	return name;
}

uint8_t cli_style(const char *text)
{
	char line[128], why[256];
	struct seq seq;

	int n = snprintf(line, sizeof(line), "start style=%s", text);
	for (char *p = line; *p; p++)
		*p = *p == ',' ? ' ' : *p;
	if (n >= (int)sizeof(line))
		die(EXIT_USAGE, "--style %.40s...: write NAME or NAME,off=GUARD", text);
	if (seq_parse(&seq, line, (size_t)n, why, sizeof(why)))
		die(EXIT_USAGE, "--style %s: %s", text, why);
	if (!seq.style)
		die(EXIT_USAGE, "--style plain: leave the option out, and each sequence has its own style");
	return seq.style;
}

void cli_tables(const char *arg)
{
	if (!strcmp(arg, "idt"))
		return;
	if (strcmp(arg, "fred"))
		die(EXIT_USAGE, "no such tables: %s; say idt or fred", arg);
	printf("SKIP    every sequence: this build delivers them through the IDT only; say --tables idt\n");
	exit(EXIT_SKIPPED);
}
