/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "host/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void child(const char *const argv[], int out)
{
	int null = open("/dev/null", O_RDONLY);

	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

int proc_capture(const char *const argv[], char *ret_text, size_t cap)
{
	char drop[512];
	size_t len = 0;
	int fds[2], status;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return 127;
	pid = fork();
	if (!pid)
		child(argv, fds[1]);
	close(fds[1]);
	while (pid > 0) {
		int full = len + 1 >= cap;
		ssize_t n = read(fds[0], full ? drop : ret_text + len,
				 full ? sizeof(drop) : cap - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += full ? 0 : (size_t)n;
	}
	close(fds[0]);
	if (cap)
		ret_text[len] = 0;
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 127;
	return WEXITSTATUS(status);
}

int proc_find(const char *name)
{
	const char *path = getenv("PATH");
	char file[4096];

	if (strchr(name, '/'))
		return access(name, X_OK) == 0;
	while (path && *path) {
		int len = (int)strcspn(path, ":");

		snprintf(file, sizeof(file), "%.*s/%s", len, path, name);
		if (access(file, X_OK) == 0)
			return 1;
		path += len;
		path += *path == ':';
	}
	return 0;
}

char *proc_quote(const char *const argv[])
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	for (int i = 0; f && argv[i]; i++) {
		const char *a = argv[i];
		size_t plain = strspn(a, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789-_=+,./:@%");

		fprintf(f, "%s", i ? " " : "");
		if (*a && !a[plain]) {
			fputs(a, f);
			continue;
		}
		fputc('\'', f);
		for (; *a; a++)
			fprintf(f, *a == '\'' ? "'\\''" : "%c", *a);
		fputc('\'', f);
	}
	if (f)
		fclose(f);
	return text;
}

int proc_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid;
}

int proc_end(pid_t *pid, int sig, int wait_ms)
{
	int status, ended = 0;

	if (!*pid)
		return -1;
	if (sig)
		kill(*pid, sig);
	for (int ms = 0; ms < wait_ms && !ended; ms++) {
		ended = proc_ended(*pid);
		if (!ended)
			usleep(1000);
	}
	if (!ended)
		kill(*pid, SIGKILL);
	if (waitpid(*pid, &status, 0) != *pid)
		status = -1;
	*pid = 0;
	return status;
}

/* /proc/PID/task/TID/stat: the state follows the name, which is in parentheses and may hold any byte. */
static int thread_sleeps(const char *tasks, const char *tid)
{
	char path[PATH_MAX], text[256] = "";
	const char *name_end;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/stat", tasks, tid);
	f = fopen(path, "r");
	if (!f)
		return 1; /* it has ended */
	text[fread(text, 1, sizeof(text) - 1, f)] = 0;
	fclose(f);
	name_end = strrchr(text, ')');
	return name_end && name_end[1] == ' ' && name_end[2] == 'S';
}

int proc_sleeps(pid_t pid)
{
	char tasks[64];
	struct dirent *entry;
	int sleeps = 1;
	DIR *dir;

	snprintf(tasks, sizeof(tasks), "/proc/%d/task", (int)pid);
	dir = opendir(tasks);
	while (sleeps && dir && (entry = readdir(dir)))
		sleeps = entry->d_name[0] == '.' || thread_sleeps(tasks, entry->d_name);
	if (dir)
		closedir(dir);
	return dir && sleeps;
}

int64_t proc_cpu_ms(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
		return 0;
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

int proc_send_fd(int to, char byte, int fd)
{
	struct iovec iov = { &byte, 1 };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return sendmsg(to, &msg, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

pid_t proc_read_pid(int from, int wait_ms)
{
	struct pollfd fd = { .fd = from, .events = POLLIN };
	int32_t pid;

	if (poll(&fd, 1, wait_ms) != 1 || recv(from, &pid, sizeof(pid), MSG_DONTWAIT) != sizeof(pid))
		return 0;
	return pid;
}
