/* SPDX-License-Identifier: BSD-2-Clause */
/* What QEMU is told, and where its firmware and the image come from. */
#ifndef TW_HOST_QEMU_ARGS_H
#define TW_HOST_QEMU_ARGS_H

#include <limits.h>
#include <stddef.h>

#include "host/rundir.h"

#define QEMU_SNAPSHOT "tw"

enum { QEMU_SERIAL_FD = 3, QEMU_QMP_FD = 4, QEMU_WINDOW_FD = 5 }; /* in QEMU's process */

struct qemu_args {
	const char *qemu; /* $QEMU, else qemu-system-x86_64 */
	char ovmf[PATH_MAX], image[PATH_MAX];
	char cpu[256], accel[64], icount[64], smp[64];
	const char *argv[96]; /* NULL-terminated; the last two before it are -loadvm when asked for */
	unsigned argc;
	char text[3 * PATH_MAX]; /* strings made for argv */
	size_t text_len;
};

const char *qemu_binary(void);
/* $OVMF, else where distributions put it. 0, or -1 when there is none. */
int qemu_find_ovmf(char *ret_path, size_t cap);
/* $TRAINWRECK_IMG, else beside this program, else where `make install` puts it. 0, or -1. */
int qemu_find_image(char *ret_path, size_t cap);

/*
 * "cpu=EPYC,accel=kvm,icount=6,smp=2" into the fields of those names; cpu and accel are never empty then. 0, or -1 with
 * err. *a is all zeros before.
 */
int qemu_args_parse(struct qemu_args *a, const char *options, char *err, size_t err_cap);
/* Whether they can be read so. 0, or -1 with err. */
int qemu_args_check(const char *options, char *err, size_t err_cap);

/*
 * The whole command line, from such options; has_window: QEMU_WINDOW_FD is its shared window; aio: how it reads the
 * snapshot. 0, or -1 with err.
 */
int qemu_args_make(struct qemu_args *ret_args, const char *options, const struct rundir *dir,
		   int has_window, const char *aio, const char *const *extra, char *err, size_t err_cap);

#endif
