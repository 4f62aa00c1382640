/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "host/qemu_args.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "efi/abi/shm.h"
#include "host/paths.h"
#include "host/proc.h"

/* Each word that may follow "qemu:"; any other one belongs to the cpu before it. */
enum { N_KEYS = 4 };
static const char *const keys[N_KEYS] = { "cpu=", "accel=", "icount=", "smp=" };

const char *qemu_binary(void)
{
	const char *qemu = getenv("QEMU");

	return qemu && *qemu ? qemu : "qemu-system-x86_64";
}

static int first_readable(const char *const paths[], char *ret_path, size_t cap)
{
	for (unsigned i = 0; paths[i]; i++) {
		if (*paths[i] && access(paths[i], R_OK) == 0 && strlen(paths[i]) < cap) {
			strcpy(ret_path, paths[i]);
			return 0;
		}
	}
	return -1;
}

int qemu_find_ovmf(char *ret_path, size_t cap)
{
	const char *env = getenv("OVMF");
	/* whole images first: -bios needs no second file for the variables */
	const char *const usual[] = {
		"/usr/share/ovmf/OVMF.fd",	     "/usr/share/OVMF/OVMF.fd",
		"/usr/share/qemu/OVMF.fd",	     "/usr/share/OVMF/OVMF_CODE_4M.fd",
		"/usr/share/OVMF/OVMF_CODE.fd",	     "/usr/share/edk2/ovmf/OVMF_CODE.fd",
		"/usr/share/edk2/x64/OVMF_CODE.4m.fd", NULL,
	};
	const char *const asked[] = { env, NULL };

	return first_readable(env && *env ? asked : usual, ret_path, cap);
}

int qemu_find_image(char *ret_path, size_t cap)
{
	const char *env = getenv("TRAINWRECK_IMG");
	const char *const asked[] = { env, NULL };

	if (env && *env)
		return first_readable(asked, ret_path, cap);
	return path_of_ours("trainwreck.img", "share/trainwreck/trainwreck.img", ret_path, cap) ? 0 : -1;
}

static void add(struct qemu_args *a, const char *arg)
{
	if (a->argc < sizeof(a->argv) / sizeof(a->argv[0]) - 3) /* room for -loadvm and the end */
		a->argv[a->argc++] = arg;
}

__attribute__((format(printf, 2, 3))) static void addf(struct qemu_args *a, const char *fmt, ...)
{
	char *at = a->text + a->text_len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(at, sizeof(a->text) - a->text_len, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(a->text) - a->text_len) {
		a->text_len += (size_t)n + 1;
		add(a, at);
	}
}

/* QEMU doubles a comma inside an option's value. */
static const char *escape(const char *path, char *buf)
{
	size_t n = 0;

	for (; *path && n < 2 * PATH_MAX - 2; path++) {
		if (*path == ',')
			buf[n++] = ',';
		buf[n++] = *path;
	}
	buf[n] = 0;
	return buf;
}

static int append(char *to, size_t cap, const char *sep, const char *text, size_t len)
{
	size_t at = strlen(to);
	int n = snprintf(to + at, cap - at, "%s%.*s", at ? sep : "", (int)len, text);

	return n < 0 || (size_t)n >= cap - at ? -1 : 0;
}

/* TCG's max says AuthenticAMD unless told */
static const char *usual_cpu(const struct qemu_args *a)
{
	return strcmp(a->accel, "kvm") ? "max,vendor=GenuineIntel" : "host";
}

int qemu_args_parse(struct qemu_args *a, const char *options, char *err, size_t err_cap)
{
	char *const values[N_KEYS] = { a->cpu, a->accel, a->icount, a->smp };
	const size_t caps[N_KEYS] = { sizeof(a->cpu), sizeof(a->accel), sizeof(a->icount), sizeof(a->smp) };
	int key = -1;

	while (*options) {
		size_t len = strcspn(options, ","), skip = 0;

		for (int i = 0; i < N_KEYS; i++) {
			if (!strncmp(options, keys[i], strlen(keys[i]))) {
				key = i;
				skip = strlen(keys[i]);
			}
		}
		if (key < 0 || (key == 1 && !skip) ||
		    append(values[key], caps[key], ",", options + skip, len - skip) < 0) {
			snprintf(err, err_cap,
				 "cannot read `%s` in the engine: write qemu:cpu=MODEL, accel=tcg|kvm, icount=SHIFT, smp=PROCESSORS",
				 options);
			return -1;
		}
		options += len;
		options += *options == ',';
	}
	if (!*a->accel)
		strcpy(a->accel, "tcg");
	if (!*a->cpu)
		strcpy(a->cpu, usual_cpu(a));
	return 0;
}

int qemu_args_check(const char *options, char *err, size_t err_cap)
{
	struct qemu_args a = { 0 };

	return qemu_args_parse(&a, options, err, err_cap);
}

static void add_firmware(struct qemu_args *a)
{
	char path[2 * PATH_MAX];

	if (!strstr(a->ovmf, "CODE")) {
		add(a, "-bios");
		add(a, a->ovmf);
		return;
	}
	add(a, "-drive");
	addf(a, "if=pflash,unit=0,format=raw,readonly=on,file=%s", escape(a->ovmf, path));
}

static void add_machine(struct qemu_args *a, const struct rundir *dir, int has_window, const char *aio)
{
	char path[2 * PATH_MAX], file[PATH_MAX];

	/* quiet and small; a shutdown stops the machine with its registers readable */
	static const char *const fixed[] = {
		"-machine", "pc", "-m", "64", "-nodefaults", "-no-user-config", "-display", "none",
		"-net", "none", "-action", "reboot=shutdown,shutdown=pause",
	};

	add(a, a->qemu);
	for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		add(a, fixed[i]);
	add(a, "-accel");
	add(a, a->accel);
	add(a, "-cpu");
	add(a, a->cpu);
	if (*a->icount) {
		add(a, "-icount");
		addf(a, "shift=%s,sleep=off", a->icount);
	}
	if (*a->smp) {
		add(a, "-smp");
		add(a, a->smp);
	}
	add_firmware(a);
	add(a, "-drive");
	addf(a, "if=none,id=boot,format=raw,readonly=on,file=%s", escape(a->image, path));
	add(a, "-device");
	add(a, "virtio-blk-pci,drive=boot,bootindex=0");
	add(a, "-drive");
	addf(a, "if=none,id=state,format=qcow2,aio=%s,file=%s", aio,
	     escape(rundir_path(dir, "state.qcow2", file), path));
	add(a, "-chardev");
	addf(a, "socket,id=line,fd=%d", QEMU_SERIAL_FD);
	add(a, "-serial");
	add(a, "chardev:line");
	add(a, "-chardev");
	addf(a, "socket,id=qmp,fd=%d", QEMU_QMP_FD);
	add(a, "-mon");
	add(a, "chardev=qmp,mode=control");
	if (!has_window)
		return;
	add(a, "-object");
	addf(a, "memory-backend-file,id=window,size=%d,share=on,mem-path=/proc/self/fd/%d", SHM_LEN,
	     QEMU_WINDOW_FD);
	add(a, "-device");
	/* master: or the device would forbid snapshots */
	add(a, "ivshmem-plain,memdev=window,master=on");
}

int qemu_args_make(struct qemu_args *ret_args, const char *options, const struct rundir *dir,
		   int has_window, const char *aio, const char *const *extra, char *err, size_t err_cap)
{
	struct qemu_args *a = ret_args;

	memset(a, 0, sizeof(*a));
	a->qemu = qemu_binary();
	if (qemu_args_parse(a, options, err, err_cap) < 0)
		return -1;
	if (!proc_find(a->qemu)) {
		snprintf(err, err_cap, "no %s: apt install qemu-system-x86, or set QEMU=", a->qemu);
		return -1;
	}
	if (qemu_find_ovmf(a->ovmf, sizeof(a->ovmf)) < 0) {
		snprintf(err, err_cap, "no OVMF firmware: apt install ovmf, or set OVMF= to its file");
		return -1;
	}
	if (qemu_find_image(a->image, sizeof(a->image)) < 0) {
		snprintf(err, err_cap, "no trainwreck.img: run `make`, or set TRAINWRECK_IMG= to it");
		return -1;
	}
	add_machine(a, dir, has_window, aio);
	for (; extra && *extra; extra++)
		add(a, *extra);
	return 0;
}
