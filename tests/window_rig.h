/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An engine with a shared window and without an emulator: a fake guest that can shut down, be told so of, and be
 * brought back. After <cmocka.h>.
 */
#ifndef TW_TESTS_WINDOW_RIG_H
#define TW_TESTS_WINDOW_RIG_H

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "host/engine_ops.h"
#include "tests/fakeguest.h"

struct window_rig {
	struct fakeguest guest;
	struct engine_ops ops;
	struct engine *engine;
	int is_gone; /* no return to the snapshot succeeds any more */
	unsigned restores, afresh; /* returns, and those that asked for a new process */
	int watched; /* what the engine said at the last one of data breakpoints */
};

static enum engine_status rig_watch(struct engine *e)
{
	char byte;

	return read(e->watch_fd, &byte, 1) == 1 ? ENGINE_SHUTDOWN : ENGINE_DEAD;
}

static void rig_attach(struct window_rig *rig)
{
	struct engine *e = rig->engine;

	link_init(&e->link, rig->guest.fd);
	e->watch_fd = rig->guest.told_fd;
	e->window = e->link.window = rig->guest.window;
}

static int rig_restore(struct engine *e, int afresh)
{
	struct window_rig *rig = e->machine;

	rig->restores++;
	rig->afresh += afresh != 0;
	rig->watched = e->watched;
	if (rig->is_gone || fakeguest_restart(&rig->guest))
		return -1;
	rig_attach(rig);
	return 0;
}

/* The guest's callbacks and profile are set already. */
static void rig_start(struct window_rig *rig)
{
	struct engine_opts opts = { 0 };
	char err[256] = "";

	rig->guest.with_window = 1;
	assert_int_equal(fakeguest_start(&rig->guest), 0);
	opts.spec = rig->guest.spec;
	rig->engine = engine_start(&opts, err, sizeof(err));
	assert_string_equal(err, "");
	assert_non_null(rig->engine);
	rig->ops = *rig->engine->ops;
	rig->ops.watch = rig_watch;
	rig->ops.restore = rig_restore;
	rig->engine->ops = &rig->ops;
	rig->engine->machine = rig;
	rig_attach(rig);
}

#endif
