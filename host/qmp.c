/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/qmp.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "host/link.h"

static void event(struct qmp *q, const char *name)
{
	if (!strcmp(name, "SHUTDOWN"))
		q->shutdown = 1;
	else if (!strcmp(name, "STOP"))
		q->stopped = 1;
	else if (!strcmp(name, "RESUME"))
		q->stopped = 0;
	else if (!strcmp(name, "RESET"))
		q->reset = 1;
}

/* Read what is there. -1 when closed. */
static int fill(struct qmp *q)
{
	ssize_t n;

	if (q->len == sizeof(q->buf)) /* no line of QEMU's is that long: drop it */
		q->len = 0;
	n = recv(q->fd, q->buf + q->len, sizeof(q->buf) - q->len, MSG_DONTWAIT);
	if (n > 0) {
		q->len += (size_t)n;
		return 0;
	}
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return 0;
	q->gone = 1;
	return -1;
}

/* The next message that is no event, or NULL when there is none yet. The caller frees it. */
static json_t *next_answer(struct qmp *q)
{
	char *eol;

	while ((eol = memchr(q->buf, '\n', q->len))) {
		size_t used = (size_t)(eol + 1 - q->buf);
		json_t *msg = json_loadb(q->buf, used, 0, NULL);
		const char *name = json_string_value(json_object_get(msg, "event"));

		memmove(q->buf, q->buf + used, q->len - used);
		q->len -= used;
		if (name)
			event(q, name);
		else if (msg)
			return msg;
		json_decref(msg);
	}
	return NULL;
}

int qmp_events(struct qmp *q)
{
	int closed = fill(q);

	json_decref(next_answer(q));
	return closed;
}

/* Wait for bytes. -1 when closed or late. */
static int wait_bytes(struct qmp *q, int64_t end)
{
	struct pollfd fd = { .fd = q->fd, .events = POLLIN };
	int64_t left = end - now_ms();

	if (q->gone || left <= 0)
		return -1;
	poll(&fd, 1, (int)left);
	return fill(q);
}

static json_t *answer(struct qmp *q, int64_t end)
{
	for (;;) {
		json_t *msg = next_answer(q);

		if (msg || wait_bytes(q, end) < 0)
			return msg ? msg : next_answer(q);
	}
}

int qmp_wait(struct qmp *q, const int *flag, int deadline_ms)
{
	const int64_t end = now_ms() + deadline_ms;

	for (;;) {
		json_decref(next_answer(q));
		if (*flag)
			return 0;
		if (wait_bytes(q, end) < 0) {
			json_decref(next_answer(q));
			return *flag ? 0 : -1;
		}
	}
}

static json_t *command(struct qmp *q, json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	json_t *ret = NULL;

	json_decref(request);
	if (text && !q->gone && send(q->fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text))
		ret = answer(q, now_ms() + QMP_MS);
	/* an answer that comes later would be taken for the next one's: this QEMU is of no more use */
	q->gone |= !ret;
	free(text);
	return ret;
}

int qmp_open(struct qmp *q, int fd)
{
	json_t *greeting;
	int ok;

	memset(q, 0, sizeof(*q));
	q->fd = fd;
	greeting = answer(q, now_ms() + QMP_MS);
	ok = json_object_get(greeting, "QMP") != NULL;
	json_decref(greeting);
	return ok ? qmp_command(q, "qmp_capabilities", NULL, NULL, 0) : -1;
}

int qmp_command(struct qmp *q, const char *name, const char *args, char *err, size_t err_cap)
{
	json_t *request = json_pack("{s:s}", "execute", name), *msg, *ret;
	const char *words;
	int ok;

	if (args)
		json_object_set_new(request, "arguments", json_loads(args, 0, NULL));
	msg = command(q, request);
	ret = json_object_get(msg, "return");
	words = json_string_value(json_object_get(json_object_get(msg, "error"), "desc"));
	ok = ret != NULL;
	if (!ok && err_cap)
		snprintf(err, err_cap, "%s", words ? words : "QEMU did not answer");
	json_decref(msg);
	return ok ? 0 : -1;
}

int qmp_human(struct qmp *q, const char *line, char *ret_text, size_t cap)
{
	json_t *msg = command(q, json_pack("{s:s, s:{s:s}}", "execute", "human-monitor-command",
					   "arguments", "command-line", line));
	const char *text = json_string_value(json_object_get(msg, "return"));

	if (text && cap)
		snprintf(ret_text, cap, "%s", text);
	json_decref(msg);
	return text ? 0 : -1;
}
