/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/bundle_script.h"

#include <stdio.h>
#include <string.h>

#include "host/bochs_args.h"
#include "host/qemu_args.h"

enum { MODELS_CAP = 256, CONFIG_CAP = 2048 };

/* Emulator, its variable, what else it wants said, and its variable again. */
static const char head[] =
	"#!/bin/sh\n"
	"# Boots trainwreck.img in %s, which runs one sequence of instructions, prints what the manual\n"
	"# demands (-) beside what the CPU did (+), and powers off. Needs %s and OVMF, nothing else.\n"
	"# Exit status: 0 the CPU does what the manual says, 1 it differs, 125 cannot tell (git bisect run).\n"
	"# %s and OVMF=file choose others.\n"
	"here=$PWD\n"
	"cd \"$(dirname \"$0\")\" || exit 125\n"
	"full() { case $1 in /* | '') echo \"$1\" ;; */*) echo \"$here/$1\" ;; *) echo \"$1\" ;; esac; }\n"
	"OVMF=$(full \"${OVMF:-}\")\n"
	"for f in \"$OVMF\" /usr/share/ovmf/OVMF.fd /usr/share/OVMF/OVMF.fd /usr/share/qemu/OVMF.fd%s; do\n"
	"\t[ ! -r \"$f\" ] || break\n"
	"done\n"
	"[ -r \"$f\" ] || { echo 'no OVMF firmware: set OVMF= to its file' >&2; exit 125; }\n";

static const char tail[] =
	"grep -qa '1 pass, 0 differ' console.txt && exit 0\n"
	"grep -qa '0 pass, 1 differ' console.txt && exit 1\n"
	"grep -qa '^trainwreck: ' console.txt || exit 125\n";

/* The machine is gone, or in a circle: nobody is left in it to say so. */
static const char death[] =
	"# it came to no end: %s\n"
	"[ \"$(cat status)\" %s 124 ] || exit 125\n"
	"echo '%s: %s' | tee -a console.txt\n"
	"exit 1\n";

static const char qemu_form[] =
	"{\n"
	"\ttimeout 120 \"$(full \"${QEMU:-qemu-system-x86_64}\")\" -machine pc -m 64 -accel %s -cpu '%s'%s%s%s%s -nodefaults \\\n"
	"\t\t-no-user-config -display none -net none -bios \"$f\" -no-reboot -snapshot \\\n"
	"\t\t-drive if=none,id=boot,format=raw,file=trainwreck.img \\\n"
	"\t\t-device virtio-blk-pci,drive=boot,bootindex=0 -serial stdio </dev/null\n"
	"\techo $? >status\n"
	"} | tee console.txt\n";

/* Names of its CPU models, then its configuration. The text goes to a file since there is no terminal. */
static const char bochs_form[] =
	"bochs=$(full \"${BOCHS:-bochs}\")\n"
	"models=$(\"$bochs\" --help cpu 2>/dev/null)\n"
	"for cpu in %s; do\n"
	"\t! printf '%%s\\n' \"$models\" | grep -qx \"$cpu\" || break\n"
	"done\n"
	"for display in nogui 'rfb, options=\"timeout=0\"'; do\n"
	"\t\"$bochs\" -n -q \"display_library: ${display%%%%,*}\" 'cpu: model=none' </dev/null 2>&1 |\n"
	"\t\tgrep -q \"'${display%%%%,*}' not available\" || break\n"
	"done\n"
	"rom=$(printf '0x%%08x' $((4294967296 - $(wc -c <\"$f\"))))\n"
	"[ \"$f\" -ef ovmf.fd ] || ln -sf \"$f\" ovmf.fd\n"
	"rm -f console.txt\n"
	"cat >bochsrc <<END\n%sEND\n"
	"timeout 300 \"$bochs\" -q -f bochsrc </dev/null >bochs.log 2>&1\n"
	"echo $? >status\n"
	"cat console.txt\n";

static int qemu_script(const struct finding *f, char *buf, size_t cap)
{
	static struct qemu_args a; /* long strings */
	const char *options = strchr(f->spec, ':');
	char err[256];

	memset(&a, 0, sizeof(a));
	/* the finding was made with them, so they can be read */
	qemu_args_parse(&a, options ? options + 1 : "", err, sizeof(err));
	int n = snprintf(buf, cap, head, "QEMU", "QEMU", "QEMU=./my/qemu-system-x86_64",
			 " \\\n\t/usr/share/edk2/ovmf/OVMF_CODE.fd");
	return n + snprintf(buf + n, cap - (size_t)n, qemu_form, a.accel, a.cpu,
			    *a.smp ? " -smp " : "", a.smp, *a.icount ? " -icount sleep=off,shift=" : "", a.icount);
}

static int bochs_script(const struct finding *f, char *buf, size_t cap)
{
	const char *cpu = strstr(f->spec, "cpu=");
	char models[MODELS_CAP], config[CONFIG_CAP];

	bochs_models(models, sizeof(models));
	bochs_config(config, sizeof(config), "$display", "$cpu", "trainwreck.img", "$rom",
		     "mode=file, dev=console.txt");
	int n = snprintf(buf, cap, head, "Bochs", "Bochs 3.1 or later", "BOCHS=./my/bochs", "");
	return n + snprintf(buf + n, cap - (size_t)n, bochs_form, cpu ? cpu + 4 : models, config);
}

/* What the console says; and when it says nothing, what the finding's own outcome is. */
static int end(const struct finding *f, char *buf, size_t cap)
{
	const int hang = f->outcome == OUTCOME_HANG;
	const char *words = hang ? "the machine hangs" : "the machine shut down";
	int n = snprintf(buf, cap, tail);

	if ((size_t)n >= cap)
		return n;
	if (f->outcome == OUTCOME_DONE)
		return n + snprintf(buf + n, cap - (size_t)n, "exit 125\n");
	return n + snprintf(buf + n, cap - (size_t)n, death, words, hang ? "-eq" : "-ne", f->signature, words);
}

static const struct {
	const char *engine;
	int (*write)(const struct finding *f, char *buf, size_t cap);
} scripts[] = { { "qemu", qemu_script }, { "bochs", bochs_script } };

enum { N_SCRIPTS = sizeof(scripts) / sizeof(scripts[0]) };

int bundle_script_known(const char *engine)
{
	for (unsigned i = 0; i < N_SCRIPTS; i++) {
		if (!strcmp(scripts[i].engine, engine))
			return 1;
	}
	return 0;
}

int bundle_script(const struct finding *finding, char *buf, size_t cap)
{
	for (unsigned i = 0; i < N_SCRIPTS; i++) {
		if (strcmp(scripts[i].engine, finding->engine))
			continue;
		int n = scripts[i].write(finding, buf, cap);
		if ((size_t)n >= cap)
			return -1;
		n += end(finding, buf + n, cap - (size_t)n);
		return (size_t)n < cap ? n : -1;
	}
	return -1;
}
