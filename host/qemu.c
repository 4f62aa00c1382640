/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU as an engine: two socket pairs (the serial line, QMP), a snapshot in a qcow2 of the run's own
 * folder, and a process that dies with this one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/engine_ops.h"
#include "host/proc.h"
#include "host/qemu_args.h"
#include "host/qemu_inject.h"
#include "host/qmp.h"

enum { REAP_MS = 2000 };

struct qemu {
	pid_t pid; /* 0: none */
	int copy_fd;
	int window_fd; /* memory of no file system: nothing to be left behind */
	struct qemu_args args;
	struct qmp qmp;
};

/* In the new process. */
static void become(const struct engine *e, const struct qemu *m, pid_t parent, int serial, int qmp)
{
	int err = open(e->stderr_path, O_WRONLY | O_CREAT | O_APPEND, 0666);
	int null = open("/dev/null", O_RDONLY), window;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1); /* it died before the line above */
	setsid(); /* a Ctrl-C at the terminal is for us: we end QEMU */
	dup2(null, 0);
	dup2(err, 1);
	dup2(err, 2);
	serial = fcntl(serial, F_DUPFD, 16);
	qmp = fcntl(qmp, F_DUPFD, 16);
	window = m->window_fd < 0 ? -1 : fcntl(m->window_fd, F_DUPFD, 16);
	dup2(serial, QEMU_SERIAL_FD);
	dup2(qmp, QEMU_QMP_FD);
	if (window >= 0)
		dup2(window, QEMU_WINDOW_FD);
	close_range(QEMU_WINDOW_FD + (window >= 0), ~0u, 0);
	setenv("TMPDIR", e->dir.path, 1);
	execvp(m->args.argv[0], (char *const *)m->args.argv);
	fprintf(stderr, "cannot run %s: %s\n", m->args.argv[0], strerror(errno));
	_exit(127);
}

static void close_ends(struct engine *e, struct qemu *m)
{
	if (e->link.fd >= 0)
		close(e->link.fd);
	if (m->qmp.fd >= 0)
		close(m->qmp.fd);
	e->link.fd = e->watch_fd = m->qmp.fd = -1;
}

/* Wait for the process. Whoever calls has seen it end, or ends it here. */
static void reap(struct engine *e, struct qemu *m, int kill_it)
{
	/* its channels are closed a little before it can be waited for */
	const int status = proc_end(&m->pid, kill_it ? SIGKILL : 0, kill_it ? 0 : REAP_MS);

	if (!kill_it)
		e->death = status;
}

/* The last line of its stderr: why it would not start. */
static void last_words(const struct engine *e, char *buf, size_t cap)
{
	FILE *f = fopen(e->stderr_path, "r");

	snprintf(buf, cap, "it said nothing");
	while (f && fgets(buf, (int)cap, f))
		;
	buf[strcspn(buf, "\n")] = 0;
	if (f)
		fclose(f);
}

/* Start a process, from the snapshot or from firmware. */
static int spawn(struct engine *e, struct qemu *m, int from_snapshot)
{
	int serial[2], qmp[2];
	pid_t parent = getpid();
	struct stat before;

	e->stderr_from = stat(e->stderr_path, &before) ? 0 : (long)before.st_size;
	m->args.argv[m->args.argc] = from_snapshot ? "-loadvm" : NULL;
	m->args.argv[m->args.argc + 1] = from_snapshot ? QEMU_SNAPSHOT : NULL;
	m->args.argv[m->args.argc + 2] = NULL;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, serial) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp) < 0) {
		close(serial[0]);
		close(serial[1]);
		return -1;
	}
	m->pid = fork();
	if (!m->pid)
		become(e, m, parent, serial[1], qmp[1]);
	close(serial[1]);
	close(qmp[1]);
	link_init(&e->link, serial[0]);
	e->link.copy_fd = m->copy_fd;
	e->link.window = from_snapshot && e->hello.flags & HELLO_SHM ? e->window : NULL;
	m->qmp.fd = e->watch_fd = qmp[0];
	if (m->pid < 0) {
		m->pid = 0;
		return -1;
	}
	return qmp_open(&m->qmp, qmp[0]);
}

static int make_state(struct engine *e, char *err, size_t err_cap)
{
	char file[PATH_MAX], out[512] = "";
	const char *const argv[] = { "qemu-img", "create", "-q", "-f", "qcow2",
				     rundir_path(&e->dir, "state.qcow2", file), "1M", NULL };
	int status;

	/* one of an earlier process that is still dying is locked: AFL++ 5.02c does not wait for its first target */
	unlink(file);
	status = proc_capture(argv, out, sizeof(out));
	if (!status)
		return 0;
	out[strcspn(out, "\n")] = 0;
	snprintf(err, err_cap, "%s",
		 status == 127 ? "no qemu-img: apt install qemu-utils" : out);
	return -1;
}

static void ask_version(struct engine *e, const struct qemu *m)
{
	const char *const argv[] = { m->args.qemu, "--version", NULL };

	proc_capture(argv, e->version, sizeof(e->version));
	e->version[strcspn(e->version, "\n")] = 0;
}

static int make_window(struct engine *e, struct qemu *m, char *err, size_t err_cap)
{
	void *at = MAP_FAILED;

	m->window_fd = memfd_create("trainwreck", MFD_CLOEXEC);
	if (m->window_fd >= 0 && !ftruncate(m->window_fd, SHM_LEN))
		at = mmap(NULL, SHM_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, m->window_fd, 0);
	if (at == MAP_FAILED) {
		snprintf(err, err_cap, "no shared memory (%s): use --link serial", strerror(errno));
		return -1;
	}
	e->window = at;
	return 0;
}

/*
 * The first process. The snapshot is in the page cache and read in 1,300 pieces: by a thread for each that takes
 * five times as long as by io_uring, which not every build of QEMU has, and not every kernel allows.
 */
static int first_spawn(struct engine *e, struct qemu *m, const char *options, char *err, size_t err_cap)
{
	static const char *const aio[] = { "io_uring", "threads" };
	char words[256];

	for (unsigned i = 0; i < 2; i++) {
		if (qemu_args_make(&m->args, options, &e->dir, m->window_fd >= 0, aio[i], e->opts.extra, err, err_cap))
			return -1;
		free(e->command_line);
		e->command_line = proc_quote(m->args.argv);
		if (e->opts.verbose)
			fprintf(stderr, "trainwreck: %s\n", engine_command_line(e));
		if (!spawn(e, m, 0))
			return 0;
		reap(e, m, 0);
		last_words(e, words, sizeof(words));
		if (!strstr(words, "io_uring"))
			break;
		close_ends(e, m);
		unlink(e->stderr_path);
	}
	snprintf(err, err_cap, "QEMU does not start: %s: try `%s` by hand", words, m->args.qemu);
	return -1;
}

static int qemu_start(struct engine *e, const char *options, char *err, size_t err_cap)
{
	struct qemu *m = calloc(1, sizeof(*m));
	char file[PATH_MAX];

	e->machine = m;
	if (!m || rundir_open(&e->dir, e->opts.rundir, err, err_cap) < 0)
		return -1;
	m->qmp.fd = m->copy_fd = m->window_fd = -1;
	if ((!e->opts.link || strcmp(e->opts.link, "serial")) &&
	    make_window(e, m, err, err_cap))
		return -1;
	rundir_path(&e->dir, "qemu.stderr", e->stderr_path);
	if (make_state(e, err, err_cap) < 0)
		return -1;
	m->copy_fd = open(rundir_path(&e->dir, "boot.serial", file),
			  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (first_spawn(e, m, options, err, err_cap))
		return -1;
	ask_version(e, m);
	return 0;
}

static int qemu_snapshot(struct engine *e, char *err, size_t err_cap)
{
	struct qemu *m = e->machine;
	char text[512];

	/* the boot is over: from here on the line carries frames only */
	if (m->copy_fd >= 0)
		close(m->copy_fd);
	m->copy_fd = e->link.copy_fd = -1;
	if (qmp_human(&m->qmp, "savevm " QEMU_SNAPSHOT, text, sizeof(text))) {
		snprintf(err, err_cap, "QEMU ended, or said nothing for %d s, while it took its snapshot: try again, with less else "
			 "to do", QMP_MS / 1000);
		return -1;
	}
	if (!text[0])
		return 0;
	text[strcspn(text, "\r\n")] = 0;
	snprintf(err, err_cap, "QEMU takes no snapshot (%s): leave out the extra devices", text);
	return -1;
}

static enum engine_status qemu_watch(struct engine *e)
{
	struct qemu *m = e->machine;

	if (qmp_events(&m->qmp) < 0) {
		reap(e, m, 0);
		return ENGINE_DEAD;
	}
	return m->qmp.shutdown ? ENGINE_SHUTDOWN : ENGINE_OK;
}

static int inject(struct engine *e)
{
	struct qemu *m = e->machine;

	return qemu_inject(&m->qmp, &e->served);
}

/* A CPU that something has woken is still in HLT until its thread has had a processor. */
static int qemu_sleeps(struct engine *e)
{
	struct qemu *m = e->machine;
	char text[16384];

	return proc_sleeps(m->pid) && !qmp_human(&m->qmp, "info registers", text, sizeof(text)) && strstr(text, "HLT=1");
}

static int64_t qemu_cpu_ms(struct engine *e)
{
	struct qemu *m = e->machine;

	return proc_cpu_ms(m->pid);
}

static void qemu_freeze(struct engine *e)
{
	struct qemu *m = e->machine;

	qmp_command(&m->qmp, "stop", NULL, NULL, 0);
}

static int load(struct qmp *q)
{
	char text[512];

	return qmp_human(q, "loadvm " QEMU_SNAPSHOT, text, sizeof(text)) || text[0] ? -1 : 0;
}

/*
 * A machine that shut down will not go on before it has been reset; and one whose CPU sleeps in HLT
 * was seen to sleep on after loadvm.
 */
static int reset(struct qmp *q)
{
	if (q->shutdown)
		qmp_wait(q, &q->stopped, 1000);
	q->reset = 0;
	if (qmp_command(q, "set-action", "{\"reboot\":\"reset\"}", NULL, 0) ||
	    qmp_command(q, "system_reset", NULL, NULL, 0) || qmp_wait(q, &q->reset, QMP_MS))
		return -1;
	return qmp_command(q, "set-action", "{\"reboot\":\"shutdown\"}", NULL, 0);
}

static int restore_in_place(struct qemu *m)
{
	struct qmp *q = &m->qmp;

	if (!m->pid || q->gone || qmp_command(q, "stop", NULL, NULL, 0))
		return -1;
	if (reset(q))
		return -1;
	q->shutdown = 0;
	if (load(q))
		return -1;
	return qmp_command(q, "cont", NULL, NULL, 0);
}

static int qemu_restore(struct engine *e, int afresh)
{
	struct qemu *m = e->machine;

	e->death = -1;
	/* which watchpoint was met is kept beside the machine's state, and QEMU goes on with it after its return */
	if (!afresh && !e->watched && !restore_in_place(m))
		return 0;
	reap(e, m, 1);
	close_ends(e, m);
	return spawn(e, m, 1);
}

static int qemu_registers(struct engine *e, char *buf, size_t cap)
{
	struct qemu *m = e->machine;

	return qmp_human(&m->qmp, "info registers", buf, cap) ? -1 : (int)strlen(buf);
}

static int qemu_log(struct engine *e, const char *path)
{
	struct qmp *q = &((struct qemu *)e->machine)->qmp;
	char line[PATH_MAX + 16], text[512];

	if (!path)
		return qmp_human(q, "log none", text, sizeof(text));
	snprintf(line, sizeof(line), "logfile \"%s\"", path);
	if (qmp_human(q, line, text, sizeof(text)) || text[0])
		return -1;
	return qmp_human(q, "log int,cpu_reset", text, sizeof(text));
}

static void qemu_stop(struct engine *e)
{
	struct qemu *m = e->machine;

	if (!m)
		return;
	reap(e, m, 1);
	close_ends(e, m);
	if (m->copy_fd >= 0)
		close(m->copy_fd);
	if (e->window)
		munmap(e->window, SHM_LEN);
	if (m->window_fd >= 0)
		close(m->window_fd);
	free(m);
}

const struct engine_ops qemu_ops = {
	.name = "qemu",
	.check = qemu_args_check,
	.words = "QEMU and OVMF: qemu, qemu:cpu=EPYC, qemu:accel=kvm, qemu:icount=6, qemu:smp=2",
	.start = qemu_start,
	.snapshot = qemu_snapshot,
	.watch = qemu_watch,
	.inject = inject,
	.sleeps = qemu_sleeps,
	.cpu_ms = qemu_cpu_ms,
	.freeze = qemu_freeze,
	.restore = qemu_restore,
	.registers = qemu_registers,
	.log = qemu_log,
	.stop = qemu_stop,
};
