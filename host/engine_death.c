/* SPDX-License-Identifier: BSD-2-Clause */
/* A name for the way an engine died that is the same on each machine: its signal and its last words. */
#define _GNU_SOURCE /* sigabbrev_np */
#include "host/oracle.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum { TAIL = 64 * 1024, WORDS = 100 };

/* What engines and sanitizers write before they die; the text up to `until` names the place. */
static const struct {
	const char *mark, *until;
} marks[] = {
	{ "SUMMARY: AddressSanitizer: ", "\n" },
	{ "SUMMARY: UndefinedBehaviorSanitizer: ", "\n" },
	{ "runtime error: ", "\n" },
	{ "Assertion `", "'" },
	{ "assertion failed: ", "\n" },
	{ "code should not be reached", "\n" },
	{ "qemu: fatal: ", "\n" },
	{ ">>PANIC<< ", "\n" },
};

/*
 * Letters and digits stay, runs of all else become one '_'. A path goes but for its file's name, and
 * numbers of more than four digits (addresses, process ids) go too: both differ between builds.
 */
static void legal_name(const char *text, size_t len, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < cap;) {
		size_t word = i;
		while (word < len && (isalnum((unsigned char)text[word]) || strchr("/._-", text[word])))
			word++;
		const char *start = text + i;
		for (const char *c = start; c < text + word; c++) {
			if (*c == '/')
				start = c + 1;
		}
		size_t word_len = (size_t)(text + word - start);
		if (strspn(start, "0123456789abcdefx") < word_len || word_len <= 4) {
			for (; word_len && n + 1 < cap; word_len--, start++)
				out[n++] = isalnum((unsigned char)*start) || *start == '_' ? *start : '-';
		}
		i = word;
		while (i < len && !isalnum((unsigned char)text[i]) && text[i] != '/')
			i++;
		if (i < len && n && out[n - 1] != '_' && n + 1 < cap)
			out[n++] = '_';
	}
	out[n] = 0;
}

static size_t read_tail(const char *path, long from, char *buf, size_t cap)
{
	FILE *f = *path ? fopen(path, "rb") : NULL;
	if (!f)
		return 0;

	/* the end, of what is longer */
	if (fseek(f, -(long)(cap - 1), SEEK_END) || ftell(f) < from)
		fseek(f, from, SEEK_SET);
	size_t n = fread(buf, 1, cap - 1, f);
	fclose(f);
	for (size_t i = 0; i < n; i++) {
		if (!buf[i])
			buf[i] = ' ';
	}
	return n;
}

void signature_of_engine(int wait_status, const char *stderr_path, long from, char *out, size_t cap)
{
	static char tail[TAIL];
	char how[32], where[WORDS] = "";

	tail[read_tail(stderr_path, from, tail, sizeof(tail))] = 0;
	for (size_t m = 0; m < sizeof(marks) / sizeof(marks[0]); m++) {
		const char *at = strstr(tail, marks[m].mark);
		if (!at)
			continue;
		at += strlen(marks[m].mark);
		legal_name(at, strcspn(at, marks[m].until), where, sizeof(where));
		break;
	}
	if (wait_status >= 0 && WIFSIGNALED(wait_status))
		snprintf(how, sizeof(how), "SIG%s", sigabbrev_np(WTERMSIG(wait_status)) ?: "unknown");
	else
		snprintf(how, sizeof(how), "exit%d", wait_status >= 0 ? WEXITSTATUS(wait_status) : 0);
	snprintf(out, cap, "engine.%s%s%s", how, *where ? "." : "", where);
}
