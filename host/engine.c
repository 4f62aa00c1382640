/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "efi/abi/victim.h"
#include "host/cli.h"
#include "host/engine_ops.h"

enum { BOOT_MS = 60000 };

static const struct engine_ops tty_ops = {
	.name = "tty",
	.words = "a real machine on a serial line: tty:/dev/ttyUSB0,115200",
};

/* fd is for programs that already hold the other end: it is not listed. */
static const struct engine_ops *const engines[] = { &qemu_ops, &bochs_ops, &tty_ops, &fd_ops };

unsigned engine_count(void)
{
	return sizeof(engines) / sizeof(engines[0]) - 1;
}

struct engine_info engine_info(unsigned index)
{
	const struct engine_ops *kind = engines[index];

	return (struct engine_info){ kind->name, kind->words, kind->start != NULL };
}

const char *engine_status_words(enum engine_status status)
{
	static const char *const words[] = {
		[ENGINE_OK] = "an answer",
		[ENGINE_SHUTDOWN] = "the CPU shut down (triple fault)",
		[ENGINE_HANG] = "no answer within the deadline",
		[ENGINE_DEAD] = "the engine ended",
		[ENGINE_REFUSED] = "the guest refused",
		[ENGINE_PANIC] = "the guest's harness gave up",
		[ENGINE_FAULT] = "an answer that makes no sense",
	};

	return words[status];
}

/* The firmware may print on the same line first, so anything that is no HELLO is passed over. */
int engine_await_hello(struct engine *e, int ms, char *err, size_t err_cap)
{
	const int64_t end = now_ms() + ms;
	enum engine_status status = ENGINE_OK;

	while (status == ENGINE_OK && now_ms() < end) {
		struct wire_msg msg;

		switch (link_receive(&e->link, e->watch_fd, (int)(end - now_ms()), &msg)) {
		case LINK_FRAME:
			if (msg.head.type == MSG_HELLO)
				return 0;
			break;
		case LINK_WATCH:
			status = e->ops->watch(e);
			break;
		case LINK_CLOSED:
			status = ENGINE_DEAD;
			break;
		case LINK_TIMEOUT:
			status = ENGINE_HANG;
			break;
		}
	}
	snprintf(err, err_cap, "the application did not start: %s; %s%s", engine_status_words(status),
		 e->opts.rundir ? "see the files in " : "run it again with -v, which shows how it is started",
		 e->opts.rundir ? e->dir.path : "");
	return -1;
}

/* No reason to stop: a host names what is run itself. But what the plan was to change (`on-panic`, say) is as built in. */
static void tell_bad_plan(const struct engine *e)
{
	if (e->hello.flags & HELLO_PLAN_BAD)
		err("the guest refuses the plan on its disk, \\trainwreck\\plan.dtb, and goes by the built-in one: "
		    "`trainwreck plan FILE` says what is wrong with it; copy a sound one there");
}

static int greet(struct engine *e, char *err, size_t err_cap)
{
	enum engine_status status;

	if (engine_await_hello(e, e->opts.boot_ms ? e->opts.boot_ms : BOOT_MS, err, err_cap) < 0)
		return -1;
	e->epoch = 1;
	status = engine_ident(e, ENGINE_SHORT_MS);
	if (status != ENGINE_OK) {
		snprintf(err, err_cap, "the application does not answer (%s): rebuild it with `make`",
			 engine_status_words(status));
		return -1;
	}
	if (e->hello.record_len != sizeof(struct record) ||
	    e->hello.build != victim_build()) {
		snprintf(err, err_cap, "the application and this program are of different builds: run `make`");
		return -1;
	}
	tell_bad_plan(e);
	if (e->ops->snapshot(e, err, err_cap))
		return -1;
	if (e->window && e->hello.flags & HELLO_SHM)
		e->link.window = e->window;
	if (e->link.window || !e->opts.link || strcmp(e->opts.link, "shm"))
		return 0;
	snprintf(err, err_cap, "the guest sees no shared window: use --link serial");
	return -1;
}

static const char *spec_of(const struct engine_opts *opts)
{
	return opts->spec ? opts->spec : "qemu";
}

static const struct engine_ops *find(const char *spec, const char **ret_options)
{
	size_t len = strcspn(spec, ":");

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		if (strlen(engines[i]->name) == len && !memcmp(engines[i]->name, spec, len)) {
			*ret_options = spec[len] ? spec + len + 1 : "";
			return engines[i];
		}
	}
	return NULL;
}

int engine_named(const struct engine_opts *opts, char *err, size_t err_cap)
{
	const char *spec = spec_of(opts), *options = "";
	const struct engine_ops *kind = find(spec, &options);

	if (!kind || !kind->start) {
		snprintf(err, err_cap, kind ? "%s is not in this build yet: use --engine qemu"
					   : "no engine `%s`: see `trainwreck list engines`", spec);
		return -1;
	}
	if (opts->link && strcmp(opts->link, "serial") && strcmp(opts->link, "shm")) {
		snprintf(err, err_cap, "no link `%s`: write serial or shm", opts->link);
		return -1;
	}
	return kind->check ? kind->check(options, err, err_cap) : 0;
}

struct engine *engine_start(const struct engine_opts *opts, char *err, size_t err_cap)
{
	const char *options = "";
	const struct engine_ops *kind = find(spec_of(opts), &options);
	struct engine *e;

	if (engine_named(opts, err, err_cap))
		return NULL;
	e = calloc(1, sizeof(*e));
	if (!e) {
		snprintf(err, err_cap, "out of memory: end some programs");
		return NULL;
	}
	e->ops = kind;
	e->opts = *opts;
	e->watch_fd = e->link.fd = e->death = -1;
	if (kind->start(e, options, err, err_cap) < 0 || greet(e, err, err_cap) < 0) {
		engine_stop(e);
		return NULL;
	}
	return e;
}

void engine_stop(struct engine *e)
{
	if (!e)
		return;
	e->ops->stop(e);
	rundir_close(&e->dir);
	free(e->command_line);
	free(e);
}

const struct msg_hello *engine_hello(const struct engine *e)
{
	return &e->hello;
}

const char *engine_name(const struct engine *e)
{
	return e->ops->name;
}

const char *engine_version(const struct engine *e)
{
	return e->version;
}

const char *engine_command_line(const struct engine *e)
{
	return e->command_line ? e->command_line : "";
}

const char *engine_rundir(const struct engine *e)
{
	return e->dir.path;
}

const char *engine_stderr(const struct engine *e, long *ret_from)
{
	*ret_from = e->stderr_from;
	return e->stderr_path;
}

enum engine_status engine_last_status(const struct engine *e)
{
	return e->last;
}

const char *engine_words(const struct engine *e)
{
	return e->words;
}

int engine_registers(struct engine *e, char *buf, size_t cap)
{
	return e->ops->registers(e, buf, cap);
}

int engine_death(const struct engine *e)
{
	return e->death;
}

int engine_injects(const struct engine *e)
{
	return e->ops->inject != NULL;
}

int engine_has_window(const struct engine *e)
{
	return e->link.window != NULL;
}

int engine_log(struct engine *e, const char *path)
{
	return e->ops->log(e, path);
}
