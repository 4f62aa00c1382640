/* SPDX-License-Identifier: BSD-2-Clause */
/* What Bochs is told, after it has been asked what it can do. */
#ifndef TW_HOST_BOCHS_ARGS_H
#define TW_HOST_BOCHS_ARGS_H

#include <limits.h>
#include <stddef.h>

#include "host/rundir.h"

struct bochs_args {
	const char *bochs; /* $BOCHS, else bochs */
	char ovmf[PATH_MAX], image[PATH_MAX];
	char version[64]; /* "Bochs 3.1": its first number is the version */
	char cpu[64], display[16];
	const char *argv[64]; /* NULL-terminated; run in the run's folder */
};

const char *bochs_binary(void);

/* Its version, in words. 0, or -1 with err: not there, or too old. */
int bochs_ask_version(struct bochs_args *args, char *err, size_t err_cap);

/* Whether it is "" or "cpu=MODEL", of whatever model. 0, or -1 with err. */
int bochs_args_check(const char *options, char *err, size_t err_cap);

/* From what passes that: ask it, choose. 0, or -1 with err. */
int bochs_args_make(struct bochs_args *ret_args, const char *options, const char *const *extra,
		    char *err, size_t err_cap);

/* The CPU models that are tried when none is asked for, best first, with blanks between. */
void bochs_models(char *buf, size_t cap);

/* The text of a configuration; the firmware is in ovmf.fd, to be mapped at `rom`. */
void bochs_config(char *buf, size_t cap, const char *display, const char *cpu, const char *disk,
		  const char *rom, const char *com1);

/* Write the configuration, for a serial line on that port of 127.0.0.1. 0, or -1 with err. */
int bochs_config_write(const struct bochs_args *args, const struct rundir *dir, int port, char *err,
		       size_t err_cap);

#endif
