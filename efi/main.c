/* SPDX-License-Identifier: BSD-2-Clause */
/* The composition root: what is read, built, taken over, served and given back, in that order. */
#include <string.h>

#include "efi/abi/fmt.h"
#include "efi/abi/image.h"
#include "efi/abi/victim.h"
#include "efi/apic.h"
#include "efi/boot.h"
#include "efi/cpu.h"
#include "efi/machine.h"
#include "efi/plans.h"
#include "efi/second.h"
#include "efi/selftest.h"
#include "efi/serve.h"
#include "efi/standalone.h"
#include "efi/takeover.h"

#define LAST_RUN_PATH "\\trainwreck\\last-run.txt"

struct machine machine;

static const char *const clock_words[] = {
	[CLOCK_UNKNOWN] = "not known",
	[CLOCK_CPUID15] = "CPUID 15h",
	[CLOCK_CPUID16] = "CPUID 16h",
	[CLOCK_MEASURED] = "measured against the firmware's clock",
};

static void identify(void)
{
	profile_read(&machine.profile);
	boot_firmware(machine.firmware, sizeof(machine.firmware));
	machine.tsc_hz = clock_hz(&machine.clock);
	machine.build = victim_build();
	about_read(&machine.profile, &machine.about);
	fmt_print(machine.about.clock, sizeof(machine.about.clock), "%s", clock_words[machine.clock]);
	fmt_print(machine.about.plan, sizeof(machine.about.plan), "%s", plans_path());
	boot_print("trainwreck: %s; firmware %s; TSC %lu Hz, %s\n", machine.profile.brand,
		   machine.firmware, machine.tsc_hz, clock_words[machine.clock]);
}

/* Where a hypervisor or an emulator is: no real machine has that device, so its bus is left alone. */
static const char *prepare_shm(void)
{
	uint64_t at;

	if (profile_silicon(&machine.profile))
		return NULL;
	at = shm_open(&machine.shm);
	if (!at)
		return NULL;
	machine.hello_flags |= HELLO_SHM;
	return space_map(&machine.space, SHM_AT, at, SHM_LEN);
}

static const char *prepare(void)
{
	const char *why = takeover_refuses();

	if (!why)
		why = space_build(&machine.space, &machine.profile, apic_page());
	if (!why)
		why = prepare_shm();
	if (!why)
		why = space_load(&machine.space, victim_image, victim_image_end);
	if (!why)
		why = space_load(&machine.space, bench_image, bench_image_end);
	if (!why && machine.config.mode == CONFIG_BENCH)
		why = standalone_prepare();
	if (!why && machine.config.mode == CONFIG_TEST)
		why = selftest_prepare();
	return why;
}

static void take(void)
{
	const struct victim_labels *v = victim_labels();
	const struct takeover t = {
		.profile = &machine.profile,
		.cr3 = paging_root(&machine.space.pager),
		.stubs = v->stubs,
		.stride = (uint32_t)v->stub_stride,
		.lstar = v->entry_syscall,
		.cstar = v->entry_syscall32,
		.sysenter = v->entry_sysenter,
	};

	takeover(&t);
}

static const char *not_back = ""; /* what the last handback could not put back */

/* Only steps ask it for anything, no measurement of a path does. */
static void borrow_second(void)
{
	if (machine.config.mode != CONFIG_BENCH &&
	    !second_start((volatile uint32_t *)machine.space.backing[REGION_SECOND], machine.profile.apic_id))
		machine.profile.features |= FEAT(SECOND);
}

/* That the firmware still works is shown by making it work: its file system, then its console. */
static void report(char *words, size_t cap)
{
	int n;

	if (second_end()) {
		not_back = "a second processor still runs in this application, so the machine stays here";
		machine.config.on_finish = BOOT_HALT;
	}
	n = fmt_print(words, cap, "the machine is handed back%s%s\n",
		      *not_back ? "; not as it was found: " : ", all as it was found", not_back);

	if (boot_write(LAST_RUN_PATH, words, strlen(words)))
		fmt_print(words + n, cap - (size_t)n, "the boot volume cannot be written\n");
	else
		fmt_print(words + n, cap - (size_t)n, "the firmware wrote " LAST_RUN_PATH "\n");
	boot_print("trainwreck: %s", words);
}

/* With the machine in our hands. 0, or -1 when the executor cannot start on this CPU. */
static int taken(void (*body)(void *arg), void *arg)
{
	uint64_t flags;
	int bad;

	boot_hush();
	flags = pushfq();
	take();
	/* for measuring too: it says where an event goes that nobody expects */
	bad = exec_init(&machine.profile);
	if (!bad)
		body(arg);
	not_back = handback();
	if (flags & RFLAGS_IF)
		sti();
	boot_unhush();
	return bad;
}

static void do_serve(void *ret_quit)
{
	*(struct wire_head *)ret_quit = serve();
}

/* Without a host a UART is only for last words; with one, nothing goes without it. */
static const char *open_line(void)
{
	if (machine.config.port && !serial_open(&machine.serial, machine.config.port))
		return NULL;
	machine.config.port = 0;
	if (machine.config.mode != CONFIG_SERVE)
		return NULL;
	return "no UART where the plan says (COM1, 0x3f8, if it says nothing): name the right port in "
	       "the console node of " CONFIG_PATH;
}

static int run(void)
{
	struct wire_head quit = { 0 };
	char words[256];
	int bad;

	borrow_second();
	switch (machine.config.mode) {
	case CONFIG_TEST:
		bad = selftest_all(taken);
		report(words, sizeof(words));
		return bad;
	case CONFIG_BENCH:
		bad = standalone_all(taken);
		report(words, sizeof(words));
		return bad;
	case CONFIG_SERVE:
		bad = taken(do_serve, &quit);
		report(words, sizeof(words));
		if (!bad)
			serve_bye(quit, words);
		break;
	}
	if (bad)
		boot_print("trainwreck: this CPU cannot run test cases: see docs/machines.md\n");
	return bad;
}

int machine_main(void)
{
	const char *why;
	int bad = -1;

	plans_choose();
	identify();
	why = prepare();
	if (!why)
		why = open_line();
	if (why)
		boot_print("trainwreck: %s\n", why);
	else
		bad = run();
	if (!why && machine.config.port)
		serial_close(&machine.serial);
	plans_linger();
	boot_end((enum boot_end)machine.config.on_finish);
	return bad;
}
