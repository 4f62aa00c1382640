/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trainwreck bundle: what one attaches to a bug report. A tarball with an image that boots, runs the
 * finding's sequence alone, prints what the manual demands beside what the CPU did, and powers off;
 * the script that boots it in an emulator; and the report.
 */
#include <errno.h>
#include <getopt.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/bundle_script.h"
#include "host/cli.h"
#include "host/file.h"
#include "host/finding_load.h"
#include "host/proc.h"
#include "host/qemu_args.h"
#include "host/seqfile.h"

enum { PATH_CAP = 1400, PLAN_MAX = 1024, SCRIPT_CAP = 8192 };

struct bundle {
	char dir[PATH_CAP / 4]; /* a temporary folder */
	char name[SIGNATURE_CAP + 16]; /* of the folder in the tarball */
	char text[512];
};

/* Run a program; what it says goes into b->text. */
static int run(struct bundle *b, const char *const argv[])
{
	int status = proc_capture(argv, b->text, sizeof(b->text));

	b->text[strcspn(b->text, "\n")] = 0;
	if (status == 127)
		snprintf(b->text, sizeof(b->text), "no %s: apt install %s", argv[0],
			 *argv[0] == 'm' ? "mtools" : argv[0]);
	return status;
}

static void path_in(const struct bundle *b, const char *file, char out[PATH_CAP])
{
	snprintf(out, PATH_CAP, "%s/%s/%s", b->dir, b->name, file);
}

static int write_bytes(const struct bundle *b, const char *file, const void *data, size_t len)
{
	char path[PATH_CAP];

	path_in(b, file, path);
	return file_write(path, data, len);
}

/* docs/plan.md: test what is on the stick, then leave the emulator. */
static int write_plan(const struct bundle *b)
{
	uint8_t tree[PLAN_MAX];
	int bad = fdt_create(tree, sizeof(tree)) || fdt_finish_reservemap(tree) ||
		  fdt_begin_node(tree, "") || fdt_property_string(tree, "compatible", "trainwreck,plan") ||
		  fdt_begin_node(tree, "run") || fdt_property_string(tree, "mode", "test") ||
		  fdt_property_string(tree, "on-finish", "poweroff") || fdt_end_node(tree) ||
		  fdt_end_node(tree) || fdt_finish(tree);

	return bad ? -1 : write_bytes(b, "plan.dtb", tree, fdt_totalsize(tree));
}

/* The image of this program, with one sequence and a plan that tests it. */
static int make_image(struct bundle *b, const struct finding *f)
{
	uint8_t bytes[SEQ_BYTES_MAX];
	char base[PATH_MAX], image[PATH_CAP], plan[PATH_CAP], seq[PATH_CAP];

	if (qemu_find_image(base, sizeof(base))) {
		snprintf(b->text, sizeof(b->text), "no trainwreck.img: run `make`, or set TRAINWRECK_IMG= to it");
		return -1;
	}
	path_in(b, "trainwreck.img", image);
	path_in(b, "plan.dtb", plan);
	path_in(b, "finding.bin", seq);
	if (write_plan(b) || write_bytes(b, "finding.bin", bytes, seq_encode(&f->seq, bytes))) {
		snprintf(b->text, sizeof(b->text), "%s: %s", b->dir, strerror(errno));
		return -1;
	}
	const char *const steps[][8] = {
		{ "cp", base, image, NULL },
		{ "mdeltree", "-i", image, "::/trainwreck", NULL },
		{ "mmd", "-i", image, "::/trainwreck", "::/trainwreck/seq", NULL },
		{ "mcopy", "-o", "-i", image, plan, "::/trainwreck/plan.dtb", NULL },
		{ "mcopy", "-o", "-i", image, seq, "::/trainwreck/seq/finding.bin", NULL },
	};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (run(b, steps[i]))
			return -1;
	return unlink(plan);
}

static int write_script(const struct bundle *b, const struct finding *f)
{
	char text[SCRIPT_CAP], path[PATH_CAP];
	int n = bundle_script(f, text, sizeof(text));

	path_in(b, "run.sh", path);
	return n < 0 || write_bytes(b, "run.sh", text, (size_t)n) || chmod(path, 0755);
}

/* The finding's own files; only the report and the sequence must be there. */
static int copy_files(struct bundle *b, const char *folder)
{
	static const char *const files[] = { "report.md",     "minimized.seq", "input.seq", "expected.json",
					     "observed.json", "engine.json",   "repro.log" };
	char from[PATH_CAP], to[PATH_CAP];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(from, sizeof(from), "%s/%s", folder, files[i]);
		path_in(b, files[i], to);
		const char *const argv[] = { "cp", from, to, NULL };
		if (!access(from, R_OK) ? run(b, argv) : i < 2) {
			snprintf(b->text, sizeof(b->text), "%.400s cannot be read: fetch the whole finding again",
				 from);
			return -1;
		}
	}
	return 0;
}

static int make(struct bundle *b, const struct finding *f, const char *folder, const char *out)
{
	char path[PATH_CAP];

	path_in(b, "", path);
	if (mkdir(path, 0777) || copy_files(b, folder) || make_image(b, f))
		return -1;
	if (write_script(b, f)) {
		snprintf(b->text, sizeof(b->text), "%s: %s", b->dir, strerror(errno));
		return -1;
	}
	const char *const argv[] = { "tar", "-C", b->dir, "-czf", out, b->name, NULL };
	return run(b, argv) ? -1 : 0;
}

static int bundle(const char *folder, const char *out)
{
	static struct finding f;
	struct bundle b = { .text = "" };
	char why[1024], file[SIGNATURE_CAP + 32];
	const char *tmp = getenv("TMPDIR");

	if (finding_load(folder, &f, why, sizeof(why)))
		die(EXIT_USAGE, "%s", why);
	if (!bundle_script_known(f.engine))
		die(EXIT_USAGE, "%s was found on %s: only findings on QEMU and Bochs can be bundled", folder, f.spec);
	snprintf(b.name, sizeof(b.name), "trainwreck-%s", f.signature);
	snprintf(b.dir, sizeof(b.dir), "%s/trainwreck-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	snprintf(file, sizeof(file), "%s.tar.gz", b.name);
	if (!mkdtemp(b.dir))
		die(EXIT_HARNESS, "%s: %s; set TMPDIR to a folder with some space", b.dir, strerror(errno));
	int bad = make(&b, &f, folder, out ? out : file);
	const char *const remove[] = { "rm", "-rf", b.dir, NULL };
	proc_capture(remove, why, sizeof(why));
	if (bad)
		die(EXIT_HARNESS, "%s", b.text);
	printf("%s\n", out ? out : file);
	return EXIT_AS_MANUAL;
}

int cmd_bundle(int argc, char **argv)
{
	static const struct option options[] = { { "out", required_argument, NULL, 'o' },
						 CLI_LONG,
						 { 0 } };
	const char *out = NULL;
	int opt;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "o:" CLI_SHORT, options, NULL)) != -1) {
		if (opt == 'o')
			out = optarg;
		else
			cli_option(opt);
	}
	if (optind + 1 != argc)
		return cli_usage();
	return bundle(argv[optind], out);
}
