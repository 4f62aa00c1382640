/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/plans.h"

#include <string.h>

#include "efi/abi/fmt.h"
#include "efi/boot.h"
#include "efi/cpu.h"
#include "efi/machine.h"
#include "efi/runs.h"

#define PLANS	"\\trainwreck\\plans"
#define NO_NAME "plan"

enum {
	PLANS_MAX = 9, /* a digit each */
	NAME_MAX = 32,
	PATH_CAP = 80,
	COUNTDOWN = 10, /* where the plan says nothing and there are others */
	CHOICE = 60, /* how long a choice waits for a digit before the first plan runs after all */
	LINGER = 30,
	POLL_US = 50000,
	POLLS = 1000000 / POLL_US,
};

static struct plan {
	char name[NAME_MAX], path[PATH_CAP], title[CONFIG_TITLE_MAX];
	uint32_t crc;
} entries[PLANS_MAX];
static unsigned n_entries;
static int is_stick; /* there are plans to choose from: nobody waits for us on a line */
static char options[512], path_taken[PATH_CAP];

/*
 * The device-tree library is built for user programs: it keeps data below RSP, where an interrupt in
 * ring 0 would write, and reads a stack guard through FS. So: no interrupts, and FS on something.
 */
static int parse_guarded(const void *dtb, size_t len, struct config *config, char *err, size_t cap)
{
	static const uint64_t guard[8] = { 0, 0, 0, 0, 0, 0x7261696e77726563, 0, 0 };
	uint64_t flags = pushfq(), fs = rdmsr(IA32_FS_BASE);
	int bad;

	cli();
	wrmsr(IA32_FS_BASE, (uintptr_t)guard);
	bad = config_parse(dtb, len, config, err, cap);
	wrmsr(IA32_FS_BASE, fs);
	if (flags & RFLAGS_IF)
		sti();
	return bad;
}

/* 1: read; 0: no such file; -1: err says what is wrong with it. */
static int read_plan(const char *path, struct config *config, uint32_t *ret_crc, char *err, size_t cap)
{
	static uint64_t dtb[CONFIG_FILE_MAX / sizeof(uint64_t)];
	size_t len;
	int bad = boot_read(path, dtb, sizeof(dtb), &len);

	if (bad == BOOT_NO_FILE)
		return 0;
	if (bad) {
		fmt_print(err, cap, "longer than %u bytes, or the stick does not give it: compile the plan again with dtc -O dtb",
			  CONFIG_FILE_MAX);
		return -1;
	}
	*ret_crc = crc32_ieee(0, dtb, len);
	return parse_guarded(dtb, len, config, err, cap) ? -1 : 1;
}

/* The plan of a path becomes the machine's, load options over it. */
static void use(const char *path)
{
	uint32_t crc;
	char err[160];
	int got;

	config_builtin(&machine.config);
	machine.hello_flags &= (uint16_t)~(HELLO_PLAN_BAD | HELLO_PLAN_READ);
	path_taken[0] = 0;
	got = read_plan(path, &machine.config, &crc, err, sizeof(err));
	if (got < 0) {
		boot_print("trainwreck: %s: %s; the built-in plan runs\n", path, err);
		machine.hello_flags |= HELLO_PLAN_BAD;
	} else if (got) {
		machine.hello_flags |= HELLO_PLAN_READ;
		fmt_print(path_taken, sizeof(path_taken), "%s", path);
	}
	if (config_override(options, &machine.config, err, sizeof(err)))
		boot_print("trainwreck: load options: %s; none of them counts\n", err);
}

const char *plans_path(void)
{
	return path_taken;
}

/* --- the list --------------------------------------------------------------------------------- */

static void add(const char *path, const char *name, unsigned at)
{
	struct plan *e = &entries[at];
	struct config config;
	char err[160];
	uint32_t crc;

	if (n_entries == PLANS_MAX || read_plan(path, &config, &crc, err, sizeof(err)) <= 0)
		return;
	if (n_entries && entries[0].crc == crc) {
		/* the stick's plan is a copy of this one, and better known by its name */
		fmt_print(entries[0].name, NAME_MAX, "%s", name);
		return;
	}
	for (unsigned i = n_entries++; i > at; i--)
		entries[i] = entries[i - 1];
	fmt_print(e->name, NAME_MAX, "%s", name);
	fmt_print(e->path, PATH_CAP, "%s", path);
	memcpy(e->title, config.title, sizeof(e->title));
	e->crc = crc;
}

/* \trainwreck\plan.dtb first, the others by name. */
static void list(void)
{
	char name[NAME_MAX], path[PATH_CAP];

	n_entries = 0;
	add(CONFIG_PATH, NO_NAME, 0);
	unsigned first = n_entries;

	for (unsigned i = 0; !boot_list(PLANS, i, name, sizeof(name)); i++) {
		char *dot = strrchr(name, '.');
		unsigned at = first;

		if (!dot)
			continue;
		fmt_print(path, sizeof(path), PLANS "\\%s", name);
		*dot = 0;
		while (at < n_entries && strcmp(entries[at].name, name) < 0)
			at++;
		add(path, name, at);
	}
}

static void show(void)
{
	boot_clear();
	boot_say("Trainwreck " TW_VERSION ": how this CPU gets into and out of ring 0, measured and tested.\n"
		 "It writes to the stick it was started from and nowhere else.\n\n");
	for (unsigned i = 0; i < n_entries; i++)
		boot_print("  %u  %-12s %s\n", i + 1, entries[i].name, entries[i].title);
	boot_say("\n");
}

/* --- the clock -------------------------------------------------------------------------------- */

/* Counts down behind some words. The key that ended it, or 0. */
static char wait(unsigned seconds, const char *words)
{
	char key = 0;

	if (!seconds)
		return 0;
	boot_drop_keys();
	for (; seconds && !key; seconds--) {
		boot_print("\r%s %u s ", words, seconds);
		for (unsigned i = 0; i < POLLS && !key; i++) {
			key = boot_key();
			boot_stall(POLL_US);
		}
	}
	boot_say("\n");
	return key;
}

static int digit(char key)
{
	return key >= '1' && key < (char)('1' + n_entries) ? key - '0' : 0;
}

/* Index of the plan that somebody, or nobody, chose. */
static unsigned choose(unsigned seconds)
{
	char words[96];
	char key;

	fmt_print(words, sizeof(words), "Plan %s starts by itself; any key opens the choice of plans:", entries[0].name);
	key = wait(seconds, words);
	if (key && !digit(key)) {
		fmt_print(words, sizeof(words), "Type 1 to %u; any other key, or none, is 1:", n_entries);
		key = wait(CHOICE, words);
	}
	return digit(key) ? (unsigned)digit(key) - 1 : 0;
}

/* The word plan=NAME among the load options goes to *ret_name, the rest stays. */
static int take_name(char *ret_name, size_t cap)
{
	char *p = options;

	while (*p) {
		char *end = strchr(p, ' ');
		size_t n = end ? (size_t)(end - p) : strlen(p);

		if (n > 5 && !strncmp(p, "plan=", 5)) {
			fmt_print(ret_name, cap, "%.*s", (int)(n - 5), p + 5);
			memset(p, ' ', n);
			return 1;
		}
		p += n + (p[n] == ' ');
	}
	return 0;
}

/* A shell hands over the whole line: its first word is what was started, and no option. */
static void read_options(void)
{
	char *end;

	boot_options(options, sizeof(options));
	end = strchr(options, ' ');
	if (!end)
		end = options + strlen(options);
	for (char *p = options; p < end; p++)
		if (*p == '=')
			return;
	memset(options, ' ', (size_t)(end - options));
}

/* The name asked for, and those that would have been found. */
static void tell_unknown(const char *name)
{
	boot_print("trainwreck: load options: no plan %s on this volume: none of them counts; there are:", name);
	/* the one that needs no key has a name only where it is a copy of another */
	for (unsigned i = 0; i < n_entries; i++)
		if (strcmp(entries[i].path, CONFIG_PATH) || strcmp(entries[i].name, NO_NAME))
			boot_print(" %s", entries[i].name);
	boot_say("\n");
}

void plans_choose(void)
{
	char name[NAME_MAX] = "", path[PATH_CAP];
	const char *broken_off;
	unsigned i;

	is_stick = boot_exists(PLANS);
	if (is_stick)
		boot_clear(); /* the firmware's picture */
	read_options();
	if (take_name(name, sizeof(name))) {
		fmt_print(path, sizeof(path), PLANS "\\%s.dtb", name);
		if (boot_exists(path)) {
			use(path);
			return;
		}
		options[0] = 0;
		list();
		tell_unknown(name);
	}
	broken_off = runs_look();
	if (broken_off && *runs_plan()) {
		use(runs_plan());
		if (is_stick)
			boot_print("The machine went away while it ran %s.\n", broken_off);
		if (path_taken[0] && !wait(machine.config.countdown < COUNTDOWN ? machine.config.countdown : COUNTDOWN / 2,
			  "Going on behind it; any key begins anew:"))
			return;
		runs_forget();
	}
	use(CONFIG_PATH);
	list();
	if (machine.config.countdown == CONFIG_UNSET)
		machine.config.countdown = is_stick ? COUNTDOWN : 0;
	if (!machine.config.countdown || !n_entries)
		return;
	show();
	if (*name)
		tell_unknown(name);
	i = choose(machine.config.countdown);
	if (i)
		use(entries[i].path);
	boot_print("Plan %s.\n", entries[i].name);
}

void plans_linger(void)
{
	static const char *const what[] = {
		[BOOT_RETURN] = "Back to the firmware",
		[BOOT_REBOOT] = "Reboot",
		[BOOT_POWEROFF] = "Power off",
	};
	unsigned seconds = machine.config.linger;
	char words[80];

	if (seconds == CONFIG_UNSET)
		seconds = is_stick ? LINGER : 0;
	if (!seconds || machine.config.on_finish == BOOT_HALT)
		return;
	fmt_print(words, sizeof(words), "%s, unless a key is pressed, in", what[machine.config.on_finish]);
	if (!wait(seconds, words))
		return;
	boot_say("Press a key to go on.\n");
	while (!boot_key())
		boot_stall(POLL_US);
}
