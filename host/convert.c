/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/convert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/seqfile.h"

enum { STATUS_OK = 0, STATUS_USAGE = 2, STATUS_FAILED = 3 };

static int usage(const struct conversion *conv, const char *why)
{
	fprintf(stderr, "trainwreck %s\nusage: trainwreck %s\n", why, conv->usage);
	return STATUS_USAGE;
}

static int is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static int cannot_write(const char *path)
{
	fprintf(stderr, "trainwreck: cannot write %s: %s; name another place with -o\n", path,
		strerror(errno));
	return STATUS_FAILED;
}

static int write_file(const char *path, const char *p, size_t n)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "wbe") : stdout;
	size_t done;

	if (!f)
		return cannot_write(path);
	done = fwrite(p, 1, n, f);
	if ((f == stdout ? fflush(f) : fclose(f)) || done != n)
		return cannot_write(path);
	return STATUS_OK;
}

/*
 * Where a case goes below dir: its path from the argument on which it was found, with '/' made '-',
 * since AFL++ wants its seeds in one flat folder; the suffix replaced.
 */
static void name_below(char *out, size_t cap, const char *dir, const char *name, const char *arg,
		       const char *suffix)
{
	const char *rest = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	size_t n = strlen(arg), at;
	char *dot;

	if (!strncmp(name, arg, n) && name[n])
		rest = name + n;
	while (*rest == '/')
		rest++;
	at = (size_t)snprintf(out, cap, "%s/", dir);
	if (at >= cap)
		return;
	snprintf(out + at, cap - at, "%s", rest);
	for (char *p = out + at; *p; p++)
		if (*p == '/')
			*p = '-';
	dot = strrchr(out + at, '.');
	at = dot ? (size_t)(dot - out) : strlen(out);
	snprintf(out + at, cap - at, "%s", suffix);
}

static int write_case(const struct conversion *conv, const struct seq_case *c, const char *arg,
		      const char *out)
{
	char data[CONVERT_MAX], path[4096];
	size_t n = conv->convert(&c->seq, data);

	if (!is_dir(out))
		return write_file(out, data, n);
	name_below(path, sizeof(path), out, c->name, arg, conv->suffix);
	return write_file(path, data, n);
}

/* Converts what one argument names. */
static int do_arg(const struct conversion *conv, const char *arg, int is_text, const char *out)
{
	struct seq_cases cases = { 0 };
	char err[1024];
	int bad, ret = STATUS_OK;
	size_t i;

	bad = is_text ? seq_cases_add_text(&cases, arg, err, sizeof(err)) :
			seq_cases_add(&cases, arg, err, sizeof(err));
	if (bad) {
		fprintf(stderr, "trainwreck: %s\n", err);
		ret = STATUS_USAGE;
	}
	if (!bad && cases.n > 1 && !is_dir(out)) {
		fprintf(stderr, "trainwreck: %s holds %zu sequences; name a folder with -o\n", arg,
			cases.n);
		ret = STATUS_USAGE;
	}
	for (i = 0; !ret && i < cases.n; i++)
		ret = write_case(conv, &cases.v[i], arg, out);
	seq_cases_free(&cases);
	return ret;
}

static int make_folder(const char *out, size_t len)
{
	if (len < 2 || out[len - 1] != '/' || is_dir(out) || !mkdir(out, 0777))
		return STATUS_OK;
	return cannot_write(out);
}

/* A folder among the inputs, or more than one of them, needs a folder to go to. */
static int needs_folder(int argc, char **argv, int n_text)
{
	int i, n = n_text;

	for (i = optind; i < argc; i++)
		n += is_dir(argv[i]) ? 2 : 1;
	return n > 1;
}

int convert_main(int argc, char **argv, const struct conversion *conv)
{
	const char *text = NULL, *out = "-";
	int opt, i, ret;

	optind = 1;
	while ((opt = getopt(argc, argv, "o:e:h")) != -1) {
		if (opt == 'o') {
			out = optarg;
		} else if (opt == 'e' && !text) {
			text = optarg;
		} else if (opt == 'h') {
			printf("usage: trainwreck %s\n", conv->usage);
			return STATUS_OK;
		} else {
			return usage(conv, "takes one -o, one -e and no other option");
		}
	}
	if (optind == argc && !text)
		return usage(conv, "needs a sequence: a file, a folder, - or -e TEXT");
	if (conv->binary && !strcmp(out, "-") && isatty(STDOUT_FILENO))
		return usage(conv, "does not write bytes to a terminal; name a file with -o");
	if (needs_folder(argc, argv, text != NULL)) {
		if (!strcmp(out, "-"))
			return usage(conv, "needs a folder for several sequences; name one with -o");
		if (!is_dir(out) && mkdir(out, 0777))
			return cannot_write(out);
	} else if ((ret = make_folder(out, strlen(out)))) {
		return ret;
	}
	ret = text ? do_arg(conv, text, 1, out) : STATUS_OK;
	for (i = optind; i < argc && !ret; i++)
		ret = do_arg(conv, argv[i], 0, out);
	return ret;
}
