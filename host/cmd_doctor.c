/* SPDX-License-Identifier: BSD-2-Clause */
/* What is here, what is missing, and the one line that gets it. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/bochs_args.h"
#include "host/cli.h"
#include "host/engine.h"
#include "host/proc.h"
#include "host/qemu_args.h"

enum need { NEED_RUN, NEED_FUZZ, NEED_BUILD, NEED_REPORT };

static const char *const need_words[] = {
	[NEED_RUN] = "run, bench",
	[NEED_FUZZ] = "fuzz",
	[NEED_BUILD] = "build",
	[NEED_REPORT] = "report",
};

static const struct tool {
	const char *program, *package;
	const char *version[3]; /* how it is asked for its version */
	const char *mark; /* the line of the answer that has it */
	enum need need;
} tools[] = {
	{ "qemu-img", "qemu-utils", { "qemu-img", "--version" }, "version", NEED_RUN },
	{ "afl-fuzz", "afl++", { "afl-fuzz", "-h" }, "++", NEED_FUZZ },
	{ "gnuplot", "gnuplot-nox", { "gnuplot", "--version" }, "gnuplot", NEED_REPORT },
	{ "gcc", "gcc", { "gcc", "--version" }, "gcc", NEED_BUILD },
	{ "clang", "clang", { "clang", "--version" }, "version", NEED_BUILD },
	{ "nasm", "nasm", { "nasm", "-v" }, "NASM", NEED_BUILD },
	{ "mtools", "mtools", { "mtools", "--version" }, "mtools", NEED_BUILD },
	{ "dtc", "device-tree-compiler", { "dtc", "--version" }, "Version", NEED_BUILD },
};

struct doctor {
	int json, missing; /* missing: something that run, bench or fuzz need */
	char packages[512];
};

static void report(const struct doctor *d, const char *what, int good, const char *words)
{
	if (d->json) {
		json_t *line = json_pack("{s:s, s:s, s:b, s:s}", "schema", "trainwreck.doctor.1", "what", what,
					 "ok", good, "words", words);
		char *text = json_dumps(line, JSON_COMPACT);

		puts(text ? text : "{}");
		free(text);
		json_decref(line);
		return;
	}
	printf("%s%-8s%s %-14s %s\n", paint(good ? "32" : "33"), good ? "ok" : "--", paint("0"),
	       what, words);
}

static void lacks(struct doctor *d, const char *what, const char *package, enum need need)
{
	char words[128];
	size_t at = strlen(d->packages);

	snprintf(words, sizeof(words), "missing (for %s): apt install %s", need_words[need], package);
	report(d, what, 0, words);
	d->missing |= need == NEED_RUN || need == NEED_FUZZ;
	snprintf(d->packages + at, sizeof(d->packages) - at, " %s", package);
}

/* The line of a program's answer in which its version stands, without colours. */
static void version_line(const char *const argv[], const char *mark, char *ret_line, size_t cap)
{
	char out[4096], *line = out;
	size_t n = 0;

	proc_capture(argv, out, sizeof(out));
	for (char *l = strtok(out, "\n"); l; l = strtok(NULL, "\n")) {
		if (strstr(l, mark)) {
			line = l;
			break;
		}
	}
	for (; *line && n + 1 < cap; line++) {
		if (*line == '\033')
			line += strcspn(line, "m");
		else
			ret_line[n++] = *line;
	}
	ret_line[n] = 0;
}

static void check_tools(struct doctor *d)
{
	char words[256];

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		const struct tool *t = &tools[i];

		if (!proc_find(t->program)) {
			lacks(d, t->program, t->package, t->need);
			continue;
		}
		version_line(t->version, t->mark, words, sizeof(words));
		report(d, t->program, 1, words);
	}
}

static void check_qemu(struct doctor *d)
{
	const char *const argv[] = { qemu_binary(), "--version", NULL };
	char words[PATH_MAX];

	if (proc_find(qemu_binary())) {
		version_line(argv, "version", words, sizeof(words));
		report(d, "qemu", 1, words);
	} else {
		lacks(d, "qemu", "qemu-system-x86", NEED_RUN);
	}
	if (!qemu_find_ovmf(words, sizeof(words)))
		report(d, "ovmf", 1, words);
	else
		lacks(d, "ovmf", "ovmf", NEED_RUN);
	if (!qemu_find_image(words, sizeof(words))) {
		report(d, "image", 1, words);
	} else {
		report(d, "image", 0, "no trainwreck.img: run `make`, or set TRAINWRECK_IMG");
		d->missing = 1;
	}
}

/* The first line of a file, or "". */
static void first_line(const char *path, char *buf, size_t cap)
{
	FILE *f = fopen(path, "r");

	buf[0] = 0;
	if (f && !fgets(buf, (int)cap, f))
		buf[0] = 0;
	buf[strcspn(buf, "\n")] = 0;
	if (f)
		fclose(f);
}

/* AFL++ refuses or complains about these; `fuzz` sets its own variables against it. */
static void check_afl_host(const struct doctor *d)
{
	char line[256], words[512];

	first_line("/proc/sys/kernel/core_pattern", line, sizeof(line));
	snprintf(words, sizeof(words),
		 line[0] == '|' ? "cores go to a program (%.100s): `fuzz` sets "
				  "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES; the target never dumps core"
				: "`%.100s`: fine",
		 line);
	report(d, "core_pattern", 1, words);
	first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", line, sizeof(line));
	snprintf(words, sizeof(words), "%s%s", line[0] ? line : "not visible here",
		 !strcmp(line, "powersave") ? ": benchmarks of this machine want `performance`" : "");
	report(d, "governor", strcmp(line, "powersave") != 0, words);
}

static void probe(struct doctor *d, const char *what, const char *spec)
{
	struct engine_opts opts = { .spec = spec, .verbose = cli.verbose };
	char words[PATH_MAX + 256];
	struct engine *e = engine_start(&opts, words, sizeof(words));

	if (e)
		snprintf(words, sizeof(words), "the application answers: %.48s",
			 engine_hello(e)->profile.brand);
	report(d, what, e != NULL, words);
	engine_stop(e);
}

/* Another engine, for those who want one: that it is not there is no fault. */
static void check_bochs(struct doctor *d, int probing)
{
	static struct bochs_args args;
	char words[PATH_MAX + 256];
	int bad = bochs_args_make(&args, "", NULL, words, sizeof(words));

	if (!bad)
		snprintf(words, sizeof(words), "%s, CPU model %s", args.version, args.cpu);
	report(d, "bochs", !bad, words);
	if (!bad && probing)
		probe(d, "probe bochs", "bochs");
}

static void check_kvm(struct doctor *d, int probing)
{
	if (probing) {
		probe(d, "probe boot", "qemu");
		if (!access("/dev/kvm", F_OK))
			probe(d, "probe kvm", "qemu:accel=kvm");
	}
	if (access("/dev/kvm", F_OK))
		report(d, "kvm", 0, "no /dev/kvm: TCG is used");
	else
		report(d, "kvm", !access("/dev/kvm", R_OK | W_OK),
		       access("/dev/kvm", R_OK | W_OK)
			       ? "/dev/kvm is there, but not for you: TCG is used"
			       : "/dev/kvm is there, which says little: `doctor --probe` boots on it");
}

int cmd_doctor(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "probe", no_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' },
		CLI_LONG,
		{ 0 },
	};
	struct doctor d = { 0 };
	int opt, probing = 0;

	while ((opt = getopt_long(argc, argv, CLI_SHORT, longs, NULL)) != -1) {
		if (opt == 'p')
			probing = 1;
		else if (opt == 'j')
			d.json = 1;
		else
			cli_option(opt);
	}
	if (optind != argc)
		return cli_usage();
	check_qemu(&d);
	check_tools(&d);
	check_afl_host(&d);
	check_kvm(&d, probing);
	check_bochs(&d, probing);
	if (d.packages[0] && !d.json)
		printf("\nTo get what is missing:\n  sudo apt install%s\n", d.packages);
	return d.missing ? EXIT_HARNESS : EXIT_AS_MANUAL;
}
