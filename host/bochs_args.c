/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "host/bochs_args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/listed.h"
#include "host/proc.h"
#include "host/qemu_args.h"

#define CONFIG "bochsrc"

/* The CPU that has the most of what we test is the default; a build without it has an older one. */
static const char *const cpus[] = { "wildcat_lake", "arrow_lake", "sapphire_rapids", "tigerlake",
				    "corei7_skylake_x", NULL };

/* The one that shows nothing first. rfb waits for nobody and listens on a port that nobody needs. */
static const char *const displays[] = { "nogui", "rfb", NULL };

const char *bochs_binary(void)
{
	const char *bochs = getenv("BOCHS");

	return bochs && *bochs ? bochs : "bochs";
}

int bochs_ask_version(struct bochs_args *a, char *err, size_t err_cap)
{
	static const char mark[] = "Bochs x86 Emulator ";
	const char *const argv[] = { bochs_binary(), "--help", NULL };
	char text[16384];
	const char *at;
	int major = 0, minor = 0;

	a->bochs = bochs_binary();
	if (!proc_find(a->bochs)) {
		snprintf(err, err_cap, "no %s: install Bochs 3.1 or later, or set BOCHS= to it",
			 a->bochs);
		return -1;
	}
	proc_capture(argv, text, sizeof(text));
	at = strstr(text, mark);
	if (at) {
		at += strlen(mark);
		const int len = (int)strcspn(at, "\r\n");

		sscanf(at, "%d.%d", &major, &minor);
		snprintf(a->version, sizeof(a->version), "Bochs %.*s", len, at);
		/* what is under way to the next release bears the number of the last one */
		if (memmem(at, (size_t)len, "devel", 5))
			snprintf(a->version, sizeof(a->version), "Bochs %d.%d (%.*s)", major, ++minor, len, at);
	}
	if (major > 3 || (major == 3 && minor >= 1))
		return 0;
	snprintf(err, err_cap, "%s: %s: set BOCHS= to one of version 3.1 or later", a->bochs,
		 at ? a->version : "this is no Bochs that tells its version");
	return -1;
}

static int choose_cpu(struct bochs_args *a, const char *asked, char *err, size_t err_cap)
{
	const char *const argv[] = { a->bochs, "--help", "cpu", NULL };
	char text[16384];

	proc_capture(argv, text, sizeof(text));
	for (unsigned i = 0; !*asked && cpus[i]; i++) {
		if (listed(text, '\n', cpus[i]))
			asked = cpus[i];
	}
	if (*asked && listed(text, '\n', asked)) {
		snprintf(a->cpu, sizeof(a->cpu), "%s", asked);
		return 0;
	}
	snprintf(err, err_cap, "%s has no CPU model `%s`: see `%s --help cpu`", a->bochs, asked, a->bochs);
	return -1;
}

/* It lists its displays nowhere, but refuses one that it lacks before it looks at the next directive. */
static int choose_display(struct bochs_args *a, char *err, size_t err_cap)
{
	char directive[64], refusal[64], text[16384];

	for (unsigned i = 0; displays[i]; i++) {
		const char *const argv[] = { a->bochs, "-n", "-q", directive, "cpu: model=none", NULL };

		snprintf(directive, sizeof(directive), "display_library: %s", displays[i]);
		snprintf(refusal, sizeof(refusal), "display library '%s' not available", displays[i]);
		proc_capture(argv, text, sizeof(text));
		if (!strstr(text, refusal)) {
			snprintf(a->display, sizeof(a->display), "%s", displays[i]);
			return 0;
		}
	}
	snprintf(err, err_cap, "%s can only run on a screen: use one built --with-nogui or --with-rfb",
		 a->bochs);
	return -1;
}

int bochs_args_check(const char *options, char *err, size_t err_cap)
{
	if (!*options || !strncmp(options, "cpu=", 4))
		return 0;
	snprintf(err, err_cap, "cannot read `%s` in the engine: write bochs:cpu=MODEL", options);
	return -1;
}

int bochs_args_make(struct bochs_args *ret_args, const char *options, const char *const *extra,
		    char *err, size_t err_cap)
{
	struct bochs_args *a = ret_args;
	unsigned n = 0;

	memset(a, 0, sizeof(*a));
	if (bochs_ask_version(a, err, err_cap) < 0 ||
	    choose_cpu(a, *options ? options + 4 : "", err, err_cap) < 0 ||
	    choose_display(a, err, err_cap) < 0)
		return -1;
	if (qemu_find_ovmf(a->ovmf, sizeof(a->ovmf)) < 0 || strstr(a->ovmf, "CODE")) {
		snprintf(err, err_cap,
			 "no whole OVMF image (OVMF.fd): apt install ovmf, or set OVMF= to its file");
		return -1;
	}
	if (qemu_find_image(a->image, sizeof(a->image)) < 0) {
		snprintf(err, err_cap, "no trainwreck.img: run `make`, or set TRAINWRECK_IMG= to it");
		return -1;
	}
	a->argv[n++] = a->bochs;
	a->argv[n++] = "-q";
	a->argv[n++] = "-f";
	a->argv[n++] = CONFIG;
	for (; extra && *extra && n + 1 < sizeof(a->argv) / sizeof(a->argv[0]); extra++)
		a->argv[n++] = *extra;
	return 0;
}

/* Under a name of our own: nothing in a path can then be taken for a part of the directive. */
static int name_file(const struct rundir *dir, const char *name, const char *target)
{
	char link[PATH_MAX], real[PATH_MAX];

	rundir_path(dir, name, link);
	if (!realpath(target, real) || (unlink(link) && errno != ENOENT))
		return -1;
	return symlink(real, link);
}

void bochs_models(char *buf, size_t cap)
{
	size_t n = 0;

	for (unsigned i = 0; cpus[i] && n < cap; i++)
		n += (size_t)snprintf(buf + n, cap - n, "%s%s", i ? " " : "", cpus[i]);
}

void bochs_config(char *buf, size_t cap, const char *display, const char *cpu, const char *disk,
		  const char *rom, const char *com1)
{
	/* a small ips: bytes on the line, and the times that firmware waits, then take few instructions */
	snprintf(buf, cap,
		 "config_interface: textconfig\n"
		 "display_library: %s\n"
		 "cpu: model=%s, count=1, ips=4000000, reset_on_triple_fault=0\n"
		 "memory: guest=64, host=64\n"
		 "romimage: file=ovmf.fd, address=%s\n"
		 "vgaromimage: file=/dev/null\n"
		 "fw_cfg: enabled=1\n"
		 "pci: enabled=1, chipset=i440fx\n"
		 "vga: extension=none\n"
		 "clock: sync=none\n"
		 "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14\n"
		 "ata0-master: type=disk, path=%s, mode=volatile\n"
		 "boot: disk\n"
		 "com1: enabled=1, %s\n"
		 "log: -\n"
		 "panic: action=fatal\n"
		 "error: action=ignore\n"
		 "info: action=report\n"
		 "debug: action=ignore\n",
		 display, cpu, rom, disk, com1);
}

int bochs_config_write(const struct bochs_args *a, const struct rundir *dir, int port, char *err,
		       size_t err_cap)
{
	char path[PATH_MAX], text[2048], rom[32], com1[64];
	struct stat st;
	FILE *f;

	if (stat(a->ovmf, &st) || name_file(dir, "ovmf.fd", a->ovmf) ||
	    name_file(dir, "disk.img", a->image) || !(f = fopen(rundir_path(dir, CONFIG, path), "w"))) {
		snprintf(err, err_cap, "cannot write to %s: %s: name another folder", dir->path,
			 strerror(errno));
		return -1;
	}
	snprintf(rom, sizeof(rom), "0x%08llx", (1ull << 32) - (unsigned long long)st.st_size);
	snprintf(com1, sizeof(com1), "mode=socket-client, dev=127.0.0.1:%d", port);
	bochs_config(text, sizeof(text), strcmp(a->display, "rfb") ? a->display : "rfb, options=\"timeout=0\"",
		     a->cpu, "disk.img", rom, com1);
	fputs(text, f);
	if (!fclose(f))
		return 0;
	snprintf(err, err_cap, "cannot write %s: %s: make room", path, strerror(errno));
	return -1;
}
