/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/runs.h"

#include <string.h>

#include "efi/abi/fmt.h"
#include "efi/boot.h"
#include "efi/machine.h"

#define RUNS	"\\trainwreck\\runs"
#define JOURNAL "\\trainwreck\\running.txt"

enum { PATH_CAP = 160, RUNS_MAX = 9999, COLUMNS = 78, JOURNAL_MAX = 512, TELL_MAX = 6144 };

/* The journal: what is under way, the run's folder, its plan, its counts; a line each. */
static struct {
	char what[RUNS_NAME_MAX], folder[PATH_CAP], plan[PATH_CAP];
	unsigned count[RUNS_COUNTS];
} last;

static char folder[PATH_CAP], plan_path[PATH_CAP];
static const unsigned *counts;
static int lost; /* something could not be written */
static int deaf; /* nothing can */

/* One line of *p, which moves behind it. */
static void line_of(const char **p, char *out, size_t cap)
{
	size_t n = 0;

	for (; **p && **p != '\n'; ++*p) {
		if (n + 1 < cap && **p != '\r')
			out[n++] = **p;
	}
	*p += **p == '\n';
	out[n] = 0;
}

static void counts_of(const char *p)
{
	for (unsigned i = 0; i < RUNS_COUNTS && *p; i++) {
		unsigned v = 0;

		for (; *p >= '0' && *p <= '9'; p++)
			v = v * 10 + (unsigned)(*p - '0');
		last.count[i] = v;
		p += *p == ' ';
	}
}

const char *runs_look(void)
{
	char text[JOURNAL_MAX], numbers[PATH_CAP];
	const char *p = text;
	size_t len;

	if (boot_read(JOURNAL, text, sizeof(text) - 1, &len))
		return NULL;
	text[len] = 0;
	line_of(&p, last.what, sizeof(last.what));
	line_of(&p, last.folder, sizeof(last.folder));
	line_of(&p, last.plan, sizeof(last.plan));
	line_of(&p, numbers, sizeof(numbers));
	counts_of(numbers);
	/* what somebody wrote by hand sends us to no other place of the volume */
	if (strncmp(last.folder, RUNS "\\", strlen(RUNS "\\")))
		last.folder[0] = 0;
	return last.what[0] ? last.what : NULL;
}

const char *runs_plan(void)
{
	return last.plan;
}

void runs_forget(void)
{
	memset(&last, 0, sizeof(last));
}

/* Never over an earlier run: the first number that is free. */
static void choose_folder(void)
{
	static const char *const vendor[] = {
		[VENDOR_INTEL] = "intel",
		[VENDOR_AMD] = "amd",
	};
	unsigned v = machine.profile.vendor;
	const char *word = v < sizeof(vendor) / sizeof(vendor[0]) && vendor[v] ? vendor[v] : "cpu";

	for (unsigned n = 1; n <= RUNS_MAX; n++) {
		fmt_print(folder, sizeof(folder), RUNS "\\%s-%08x-%04u", word, machine.profile.signature, n);
		if (!boot_exists(folder))
			return;
	}
}

static void open_folder(void)
{
	char line[RUNS_LINE_MAX];

	choose_folder();
	fmt_print(line, sizeof(line), "Trainwreck " TW_VERSION ", build %lx\n%.70s\n%.70s\nfirmware %.60s\nplan %.70s\n\n",
		  machine.build, machine.profile.brand, machine.about.board[0] ? machine.about.board : machine.about.system,
		  machine.firmware, plan_path);
	runs_append("summary.txt", line, strlen(line));
	if (!lost)
		return;
	deaf = 1;
	boot_print("trainwreck: this volume takes no file: is it full, or write-protected? ");
	if (machine.config.port)
		boot_print("Results go to the UART at 0x%x.\n", machine.config.port);
	else
		boot_print("There is no UART either: results are on this screen only.\n");
	runs_append("summary.txt", line, strlen(line));
}

const char *runs_begin(const char *plan, unsigned count[RUNS_COUNTS])
{
	fmt_print(plan_path, sizeof(plan_path), "%s", plan);
	memcpy(count, last.count, sizeof(last.count));
	counts = count;
	if (last.what[0] && last.folder[0])
		memcpy(folder, last.folder, sizeof(folder));
	else
		open_folder();
	if (!last.what[0])
		return NULL;
	boot_print("trainwreck: going on behind %s\n", last.what);
	return last.what;
}

void runs_mark(const char *what)
{
	char text[JOURNAL_MAX];
	int n = fmt_print(text, sizeof(text), "%s\n%s\n%s\n", what, folder, plan_path);

	for (unsigned i = 0; i < RUNS_COUNTS && n < JOURNAL_MAX; i++)
		n += fmt_print(text + n, sizeof(text) - (size_t)n, "%u%c", counts[i],
			       i + 1 < RUNS_COUNTS ? ' ' : '\n');
	if (!deaf)
		lost |= boot_write(JOURNAL, text, strlen(text));
}

/* Other files, the firmware and we ourselves write to that line, too: so each line of a text begins anew and says whose it is. */
static void send_lines(const char *file, const char *text, size_t len)
{
	char head[RUNS_NAME_MAX];

	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		fmt_print(head, sizeof(head), "\n%s|", file);
		serial_send(&machine.serial, (const uint8_t *)head, strlen(head));
		serial_send(&machine.serial, (const uint8_t *)text, n);
		text += n + !!end;
		len -= n + !!end;
	}
	serial_send(&machine.serial, (const uint8_t *)"\n", 1);
}

int runs_append(const char *file, const void *data, size_t len)
{
	char path[PATH_CAP];
	int bad = 0;

	fmt_print(path, sizeof(path), "%s\\%s", folder, file);
	if (!deaf)
		bad = boot_append(path, data, len);
	else if (machine.config.port && !strcmp(file, RUNS_FRAMES))
		serial_send(&machine.serial, data, len);
	else if (machine.config.port)
		send_lines(file, data, len);
	lost |= bad;
	return bad;
}

int runs_read(const char *file, size_t from, void *out, size_t cap, size_t *ret_len)
{
	char path[PATH_CAP];

	fmt_print(path, sizeof(path), "%s\\%s", folder, file);
	return boot_read_from(path, from, out, cap, ret_len);
}

static size_t word_len(const char *p)
{
	size_t n = 0;

	while (p[n] && p[n] != ' ' && p[n] != '\n')
		n++;
	return n;
}

void runs_tell(const char *text)
{
	static char out[TELL_MAX];
	size_t n = 0, column = 0;

	for (const char *p = text; *p && n + 16 < sizeof(out); p++) {
		if (*p == ' ' && column + 1 + word_len(p + 1) > COLUMNS) {
			n += (size_t)fmt_print(out + n, sizeof(out) - n, "\n       ");
			column = 7;
		}
		column = *p == '\n' ? 0 : column + 1;
		out[n++] = *p;
	}
	out[n] = 0;
	boot_say(out);
	runs_append("summary.txt", out, n);
}

int runs_end(void)
{
	boot_remove(JOURNAL);
	runs_forget();
	if (lost)
		boot_print("trainwreck: %s: not everything could be written: is the stick full, or write-protected?\n",
			   folder);
	else
		boot_print("trainwreck: results are in %s\n", folder);
	return lost ? -1 : 0;
}
