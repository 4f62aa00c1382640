/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bochs as an engine: a configuration in the run's own folder, the serial line over a socket, its log
 * over a pipe. Its own save and restore cannot be asked for from outside and would cost a boot; so the
 * snapshot is the process itself, stopped, and each return to it is a copy of that (bochs_fork.h).
 * Where it cannot be made, each return is a boot.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host/bochs_args.h"
#include "host/bochs_fork.h"
#include "host/bochs_log.h"
#include "host/engine_ops.h"
#include "host/paths.h"
#include "host/proc.h"

enum {
	CONNECT_MS = 20000, /* from its start to its first look at the line */
	PARK_MS = 5000,
	BOOT_MS = 60000,
	LAST_WORDS_MS = 500, /* for a process that was asked to end to write its registers */
};

struct bochs {
	pid_t pid; /* the one that runs; 0: none */
	pid_t parked; /* the snapshot; 0: none */
	int control; /* to the library in it; -1: none */
	int listener, port;
	int copy_fd;
	char library[PATH_MAX]; /* "": there is none */
	struct bochs_args args;
	struct bochs_log log;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* In the new process. */
static void become(const struct engine *e, const struct bochs *m, pid_t parent, int log, int control)
{
	int null = open("/dev/null", O_RDONLY);
	char port[16];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || chdir(e->dir.path))
		_exit(1); /* it died before the line above */
	setsid(); /* a Ctrl-C at the terminal is for us: we end Bochs */
	log = fcntl(log, F_DUPFD, 16);
	control = fcntl(control, F_DUPFD, 16);
	dup2(null, 0);
	dup2(log, 1);
	dup2(log, 2);
	dup2(control, FORK_FD);
	close_range(FORK_FD + 1, ~0u, 0);
	setenv("TMPDIR", e->dir.path, 1);
	if (*m->library) {
		snprintf(port, sizeof(port), "%d", m->port);
		setenv(FORK_ENV, port, 1);
		setenv("LD_PRELOAD", m->library, 1);
	}
	execvp(m->args.bochs, (char *const *)m->args.argv);
	fprintf(stderr, "cannot run %s: %s\n", m->args.bochs, strerror(errno));
	_exit(127);
}

static int listen_here(struct bochs *m)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	m->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (m->listener < 0 || bind(m->listener, (struct sockaddr *)&at, len) ||
	    listen(m->listener, 1) || getsockname(m->listener, (struct sockaddr *)&at, &len))
		return -1;
	m->port = ntohs(at.sin_port);
	return 0;
}

static void drop_processes(struct engine *e, struct bochs *m)
{
	proc_end(&m->pid, SIGKILL, 0);
	proc_end(&m->parked, SIGKILL, 0);
	close_fd(&m->control);
	close_fd(&e->link.fd);
	bochs_log_close(&m->log);
	e->watch_fd = -1;
}

/* Wait for the line; reads the log meanwhile. The line's descriptor, or -1. */
static int await_line(struct bochs *m)
{
	const int64_t end = now_ms() + CONNECT_MS;

	for (int64_t left = CONNECT_MS; left > 0; left = end - now_ms()) {
		struct pollfd fds[] = { { .fd = m->listener, .events = POLLIN },
					{ .fd = m->log.fd, .events = POLLIN } };

		if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
			return -1;
		if (fds[0].revents)
			return accept4(m->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fds[1].revents && bochs_log_read(&m->log) < 0)
			return -1;
	}
	return -1;
}

/* Start a process, from firmware, up to its look at the line. */
static int spawn(struct engine *e, struct bochs *m)
{
	int log[2], control[2], fd;
	pid_t parent = getpid();

	if (pipe2(log, O_CLOEXEC) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0) {
		close(log[0]);
		close(log[1]);
		return -1;
	}
	m->pid = fork();
	if (!m->pid)
		become(e, m, parent, log[1], control[1]);
	close(log[1]);
	close(control[1]);
	m->control = control[0];
	bochs_log_open(&m->log, log[0], e->stderr_path);
	e->watch_fd = log[0];
	if (m->pid < 0) {
		m->pid = 0;
		return -1;
	}
	fd = await_line(m);
	link_init(&e->link, fd);
	e->link.copy_fd = m->copy_fd;
	return fd < 0 ? -1 : 0;
}

static int bochs_start(struct engine *e, const char *options, char *err, size_t err_cap)
{
	struct bochs *m = calloc(1, sizeof(*m));
	char file[PATH_MAX], words[256];

	e->machine = m;
	if (!m || rundir_open(&e->dir, e->opts.rundir, err, err_cap) < 0)
		return -1;
	m->control = m->listener = m->copy_fd = m->log.fd = m->log.out = -1;
	rundir_path(&e->dir, "bochs.stderr", e->stderr_path);
	if (bochs_args_make(&m->args, options, e->opts.extra, err, err_cap) < 0)
		return -1;
	snprintf(e->version, sizeof(e->version), "%s", m->args.version);
	if (listen_here(m)) {
		snprintf(err, err_cap, "no port on 127.0.0.1 (%s): Bochs's serial line needs one",
			 strerror(errno));
		return -1;
	}
	if (bochs_config_write(&m->args, &e->dir, m->port, err, err_cap) < 0)
		return -1;
	if (!path_of_ours("trainwreck-bochs.so", "lib/trainwreck/trainwreck-bochs.so", m->library,
			  sizeof(m->library)) ||
	    strpbrk(m->library, " :"))
		m->library[0] = 0;
	e->command_line = proc_quote(m->args.argv);
	if (e->opts.verbose)
		fprintf(stderr, "trainwreck: cd %s && %s\n", e->dir.path, engine_command_line(e));
	m->copy_fd = open(rundir_path(&e->dir, "boot.serial", file),
			  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (!spawn(e, m))
		return 0;
	bochs_log_last(&m->log, words, sizeof(words));
	snprintf(err, err_cap, "Bochs does not start: %s: try `%s` by hand", words, m->args.bochs);
	return -1;
}

/* Whether this byte comes; the log is read meanwhile, since a full pipe would stop the other side. */
static int await_byte(struct bochs *m, char byte)
{
	const int64_t end = now_ms() + PARK_MS;

	for (int64_t left = PARK_MS; left > 0; left = end - now_ms()) {
		struct pollfd fds[] = { { .fd = m->control, .events = POLLIN },
					{ .fd = m->log.fd, .events = POLLIN } };
		char got;

		if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
			return 0;
		if (fds[0].revents) {
			if (read(m->control, &got, 1) != 1)
				return 0;
			if (got == byte)
				return 1;
		}
		if (fds[1].revents && bochs_log_read(&m->log) < 0)
			return 0;
	}
	return 0;
}

/* A copy of the parked process, with a line of its own. */
static int copy(struct engine *e, struct bochs *m)
{
	int line[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line) < 0)
		return -1;
	pid = proc_send_fd(m->control, FORK_COPY, line[1]) ? -1 : proc_read_pid(m->control, PARK_MS);
	close(line[1]);
	if (pid <= 0) {
		close(line[0]);
		return -1;
	}
	m->pid = pid;
	close_fd(&e->link.fd);
	link_init(&e->link, line[0]);
	return 0;
}

/* The guest waits for a request and nothing else goes on: the place to come back to. */
static int bochs_snapshot(struct engine *e, char *err, size_t err_cap)
{
	struct bochs *m = e->machine;
	struct pollfd here = { .fd = m->control, .events = POLLIN };

	close_fd(&m->copy_fd);
	e->link.copy_fd = -1;
	if (poll(&here, 1, 0) != 1)
		return 0; /* not loaded */
	/* to the first thread, the one that emulates */
	syscall(SYS_tgkill, m->pid, m->pid, FORK_SIGNAL);
	if (await_byte(m, FORK_PARKED)) {
		m->parked = m->pid;
		m->pid = 0;
		if (!copy(e, m))
			return 0;
	}
	snprintf(err, err_cap, "Bochs takes no snapshot: rebuild trainwreck-bochs.so, or remove it");
	return -1;
}

static enum engine_status bochs_watch(struct engine *e)
{
	struct bochs *m = e->machine;
	const int closed = bochs_log_read(&m->log);
	struct pollfd line = { .fd = e->link.fd, .events = POLLIN | POLLRDHUP };

	if (m->log.shutdown)
		return ENGINE_SHUTDOWN;
	if (!closed && (poll(&line, 1, 0) != 1 || !(line.revents & (POLLHUP | POLLRDHUP | POLLERR))))
		return ENGINE_OK;
	e->death = proc_end(&m->pid, 0, PARK_MS);
	bochs_log_read(&m->log);
	return ENGINE_DEAD;
}

/* It counts no time while its CPU sleeps, and so is as busy then as ever: its own clock must tell. */
static int bochs_sleeps(struct engine *e)
{
	(void)e;
	return 0;
}

static int64_t bochs_cpu_ms(struct engine *e)
{
	struct bochs *m = e->machine;

	return m->pid ? proc_cpu_ms(m->pid) : 0;
}

/* Asked to end, it writes the CPU's registers first. */
static void bochs_freeze(struct engine *e)
{
	struct bochs *m = e->machine;
	const int64_t end = now_ms() + LAST_WORDS_MS;

	if (!m->pid)
		return;
	kill(m->pid, SIGINT);
	while (now_ms() < end && !proc_ended(m->pid)) {
		struct pollfd log = { .fd = m->log.fd, .events = POLLIN };

		poll(&log, 1, 10);
		bochs_log_read(&m->log);
	}
	proc_end(&m->pid, SIGKILL, 0);
	bochs_log_read(&m->log);
}

static int boot(struct engine *e, struct bochs *m)
{
	char err[256];

	drop_processes(e, m);
	if (spawn(e, m) || engine_await_hello(e, BOOT_MS, err, sizeof(err)))
		return -1;
	return bochs_snapshot(e, err, sizeof(err));
}

static int bochs_restore(struct engine *e, int afresh)
{
	struct bochs *m = e->machine;

	e->death = -1;
	proc_end(&m->pid, SIGKILL, 0);
	bochs_log_read(&m->log);
	bochs_log_forget(&m->log);
	/* a copy is a new process; only when one does not answer is it the snapshot's fault */
	if (m->parked && !(afresh && e->lost) && !copy(e, m))
		return 0;
	return boot(e, m);
}

static int bochs_registers(struct engine *e, char *buf, size_t cap)
{
	struct bochs *m = e->machine;

	return bochs_log_registers(&m->log, buf, cap);
}

static int bochs_log(struct engine *e, const char *path)
{
	(void)e;
	return path ? -1 : 0; /* it has none that can be switched on while it runs */
}

static void bochs_stop(struct engine *e)
{
	struct bochs *m = e->machine;

	if (!m)
		return;
	drop_processes(e, m);
	close_fd(&m->copy_fd);
	close_fd(&m->listener);
	free(m);
}

const struct engine_ops bochs_ops = {
	.name = "bochs",
	.loses_nothing = 1,
	.emulated = 1,
	.check = bochs_args_check,
	.words = "Bochs 3.1 or later and OVMF: bochs, bochs:cpu=ryzen",
	.start = bochs_start,
	.snapshot = bochs_snapshot,
	.watch = bochs_watch,
	.sleeps = bochs_sleeps,
	.cpu_ms = bochs_cpu_ms,
	.freeze = bochs_freeze,
	.restore = bochs_restore,
	.registers = bochs_registers,
	.log = bochs_log,
	.stop = bochs_stop,
};
