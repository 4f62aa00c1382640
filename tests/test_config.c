/* SPDX-License-Identifier: BSD-2-Clause */
/* The plan: what is read of a sound one, how a wrong one is refused, and that damage is only refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "efi/config.h"

enum { TREE_MAX = 4096, DAMAGE_ROUNDS = 20000 };

static uint8_t tree[TREE_MAX] __attribute__((aligned(8)));

/* One property of one node, under a root that is compatible unless told otherwise. */
static size_t make(const char *root_compatible, const char *node, const char *name, const void *value,
		   int len)
{
	assert_int_equal(fdt_create(tree, sizeof(tree)), 0);
	assert_int_equal(fdt_finish_reservemap(tree), 0);
	assert_int_equal(fdt_begin_node(tree, ""), 0);
	if (root_compatible)
		assert_int_equal(fdt_property_string(tree, "compatible", root_compatible), 0);
	if (node) {
		assert_int_equal(fdt_begin_node(tree, node), 0);
		if (name)
			assert_int_equal(fdt_property(tree, name, value, len), 0);
		assert_int_equal(fdt_end_node(tree), 0);
	}
	assert_int_equal(fdt_end_node(tree), 0);
	assert_int_equal(fdt_finish(tree), 0);
	return fdt_totalsize(tree);
}

static void refused(size_t len, const char *words)
{
	struct config config, before;
	char err[160] = "";

	memset(&config, 0x5a, sizeof(config));
	before = config;
	assert_int_equal(config_parse(tree, len, &config, err, sizeof(err)), -1);
	assert_memory_equal(&config, &before, sizeof(config));
	if (!strstr(err, words))
		fail_msg("\"%s\" does not say \"%s\"", err, words);
}

static void accepted(size_t len, struct config *ret_config)
{
	char err[160] = "";

	if (config_parse(tree, len, ret_config, err, sizeof(err)))
		fail_msg("refused: %s", err);
}

static void test_empty_is_builtin(void **state)
{
	struct config config, builtin;

	(void)state;
	config_builtin(&builtin);
	accepted(make("trainwreck,plan", NULL, NULL, NULL, 0), &config);
	assert_int_equal(config.mode, builtin.mode);
	assert_int_equal(config.port, builtin.port);
	assert_int_equal(config.samples, builtin.samples);
	assert_string_equal(config.only, builtin.only);
	assert_int_equal(builtin.mode, CONFIG_SERVE);
	assert_int_equal(builtin.port, 0x3f8);
}

static void test_values(void **state)
{
	const fdt32_t port = cpu_to_fdt32(0x2f8), samples = cpu_to_fdt32(7), warmup = 0;
	struct config config;

	(void)state;
	accepted(make("trainwreck,plan", "run", "mode", "bench", 6), &config);
	assert_int_equal(config.mode, CONFIG_BENCH);
	accepted(make("trainwreck,plan", "run", "mode", "test", 5), &config);
	assert_int_equal(config.mode, CONFIG_TEST);
	accepted(make("trainwreck,plan", "run", "on-finish", "poweroff", 9), &config);
	assert_int_equal(config.on_finish, 3);
	accepted(make("trainwreck,plan", "run", "on-panic", "reset", 6), &config);
	assert_int_equal(config.on_panic, CONFIG_RESET);
	accepted(make("trainwreck,plan", "console", "port", &port, 4), &config);
	assert_int_equal(config.port, 0x2f8);
	accepted(make("trainwreck,plan", "bench", "only", "idt.*", 6), &config);
	assert_string_equal(config.only, "idt.*");
	accepted(make("trainwreck,plan", "bench", "samples", &samples, 4), &config);
	assert_int_equal(config.samples, 7);
	accepted(make("trainwreck,plan", "bench", "warmup", &warmup, 4), &config);
	assert_int_equal(config.warmup, 0);
	assert_int_equal(config.countdown, CONFIG_UNSET);
	accepted(make("trainwreck,plan", "run", "countdown", &samples, 4), &config);
	assert_int_equal(config.countdown, 7);
	accepted(make("trainwreck,plan", "run", "linger", &warmup, 4), &config);
	assert_int_equal(config.linger, 0);
	accepted(make("trainwreck,plan", "test", "deaths", "run", 4), &config);
	assert_int_equal(config.deaths, CONFIG_RUN);
}

/* Words over a plan: each replaces its property and no other; a wrong one leaves all as it was. */
static void test_override(void **state)
{
	static const char *const wrong[] = {
		"bench.samples",	 "samples=50",		 "=",		      ".=",
		"bench.samples=",	 "bench.samples=ten",	 "bench.samples=0x",  "bench.samples=5000",
		"bench.samples=0",	 "bench.samples=1f",	 "run.mode=fast",     "run.samples=5",
		"bench.samples=4294967297", "console.port=0x3f8 x",
	};
	struct config config, before;
	char err[160], word[300];

	(void)state;
	config_builtin(&config);
	assert_int_equal(config_override("", &config, err, sizeof(err)), 0);
	assert_int_equal(config_override("  bench.samples=50 bench.only=idt.* ", &config, err, sizeof(err)), 0);
	assert_int_equal(config.samples, 50);
	assert_string_equal(config.only, "idt.*");
	assert_int_equal(config.mode, CONFIG_SERVE);
	assert_int_equal(config_override("run.mode=bench console.port=0x2f8", &config, err, sizeof(err)), 0);
	assert_int_equal(config.mode, CONFIG_BENCH);
	assert_int_equal(config.port, 0x2f8);
	assert_int_equal(config.samples, 50);
	before = config;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(word, sizeof(word), "run.on-finish=halt %s", wrong[i]);
		err[0] = 0;
		if (!config_override(word, &config, err, sizeof(err)) || !err[0])
			fail_msg("\"%s\" is taken: %s", word, err);
		assert_memory_equal(&config, &before, sizeof(config));
	}
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = 0;
	assert_int_equal(config_override(word, &config, err, sizeof(err)), -1);
}

static void test_refusals(void **state)
{
	const fdt32_t zero = 0, big = cpu_to_fdt32(0x10000), two[2] = { 0, 0 };
	char glob[CONFIG_GLOB_MAX + 1];

	(void)state;
	memset(glob, '*', sizeof(glob));
	glob[CONFIG_GLOB_MAX] = 0;
	refused(make(NULL, NULL, NULL, NULL, 0), "/: property 'compatible' is missing");
	refused(make("acme,plan", NULL, NULL, NULL, 0), "/: property 'compatible' must be");
	refused(make("trainwreck,plan", "fuzz", NULL, NULL, 0), "/fuzz: no such node");
	refused(make("trainwreck,plan", "run", "mod", "bench", 6), "/run: property 'mod' is not in");
	refused(make("trainwreck,plan", "bench", "mode", "bench", 6), "/bench: property 'mode'");
	refused(make("trainwreck,plan", "run", "mode", "fast", 5), "\"serve\", \"bench\" or \"test\"");
	refused(make("trainwreck,plan", "run", "mode", "serve", 5), "/run: property 'mode' must");
	refused(make("trainwreck,plan", "run", "mode", "serve\0x", 8), "/run: property 'mode' must");
	refused(make("trainwreck,plan", "run", "mode", "", 0), "/run: property 'mode' must");
	refused(make("trainwreck,plan", "run", "on-panic", "stop", 5), "\"halt\" or \"reset\"");
	refused(make("trainwreck,plan", "console", "port", &big, 4), "/console: property 'port' must");
	refused(make("trainwreck,plan", "console", "port", two, 8), "/console: property 'port' must");
	refused(make("trainwreck,plan", "bench", "samples", &zero, 4), "from 1 to 4096");
	refused(make("trainwreck,plan", "run", "countdown", &big, 4), "from 0 to 3600");
	refused(make("trainwreck,plan", "test", "deaths", "all", 4), "\"skip\" or \"run\"");
	refused(make("trainwreck,plan", "bench", "only", "", 1), "1 to 63 characters");
	refused(make("trainwreck,plan", "bench", "only", glob, sizeof(glob)), "1 to 63 characters");
	refused(make("trainwreck,plan", "bench", "only", "idt\033", 5), "printable ASCII");
}

/* dtc refuses a property or a node that is there twice; what something else made is refused for what says two things. */
static void test_twice(void **state)
{
	(void)state;
	for (int nodes = 1; nodes <= 2; nodes++) {
		assert_int_equal(fdt_create(tree, sizeof(tree)), 0);
		assert_int_equal(fdt_finish_reservemap(tree), 0);
		assert_int_equal(fdt_begin_node(tree, ""), 0);
		assert_int_equal(fdt_property_string(tree, "compatible", "trainwreck,plan"), 0);
		for (uint32_t i = 0; i < 2; i++) {
			if (nodes == 2 || !i)
				assert_int_equal(fdt_begin_node(tree, "bench"), 0);
			assert_int_equal(fdt_property_u32(tree, "samples", 10 + i), 0);
			if (nodes == 2 || i)
				assert_int_equal(fdt_end_node(tree), 0);
		}
		assert_int_equal(fdt_end_node(tree), 0);
		assert_int_equal(fdt_finish(tree), 0);
		refused(fdt_totalsize(tree), "/bench: property 'samples' is there twice: leave one");
	}
}

/* A name of any length and bytes leaves room for what to do about it, and reaches no terminal as it is. */
static void test_names(void **state)
{
	char name[2000];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = 0;
	refused(make("trainwreck,plan", "run", name, "bench", 6), "' is not in the binding: see docs/plan.md");
	refused(make("trainwreck,plan", name, NULL, NULL, 0), "no such node in the binding: see docs/plan.md");
	refused(make("trainwreck,plan", "run", "m\033[2J", "bench", 6), "/run: property 'm?[2J' is not in");
	refused(make("trainwreck,plan", "r\033", NULL, NULL, 0), "/r?: no such node");
}

static void test_not_a_tree(void **state)
{
	size_t len = make("trainwreck,plan", "run", "mode", "bench", 6);

	(void)state;
	for (size_t cut = 0; cut < len; cut++)
		refused(cut, "not a device tree");
	memset(tree, 0, sizeof(tree));
	refused(sizeof(tree), "not a device tree");
}

/* Any bytes: read or refused with words, and never a byte outside (the sanitizer watches). */
static void test_damage(void **state)
{
	size_t len = make("trainwreck,plan", "run", "mode", "bench", 6);
	uint8_t *good = malloc(len), *bad = malloc(len);

	(void)state;
	memcpy(good, tree, len);
	for (int round = 0; round < DAMAGE_ROUNDS; round++) {
		char err[160] = "";
		struct config config;

		memcpy(bad, good, len);
		for (int i = rand() % 4; i >= 0; i--)
			bad[(size_t)rand() % len] = (uint8_t)rand();
		if (config_parse(bad, len, &config, err, sizeof(err)))
			assert_true(strlen(err) > 0);
		for (const char *p = err; *p; p++)
			assert_in_range(*p, ' ', '~');
	}
	free(good);
	free(bad);
}

/* The example plans say what their names promise. */
static size_t compile(const char *path)
{
	char command[128];
	size_t len;
	FILE *f;

	snprintf(command, sizeof(command), "dtc -q -I dts -O dtb %s", path);
	f = popen(command, "r");
	assert_non_null(f);
	len = fread(tree, 1, sizeof(tree), f);
	assert_int_equal(pclose(f), 0);
	return len;
}

static void test_examples(void **state)
{
	struct config config;

	(void)state;
	accepted(compile("efi/plan/serve.dts"), &config);
	assert_int_equal(config.mode, CONFIG_SERVE);
	accepted(compile("efi/plan/quick.dts"), &config);
	assert_int_equal(config.mode, CONFIG_BENCH);
	assert_int_equal(config.samples, 200);
	assert_int_equal(config.on_finish, 3);
	assert_true(config.title[0]);
	accepted(compile("efi/plan/full.dts"), &config);
	assert_int_equal(config.mode, CONFIG_BENCH);
	assert_int_equal(config.samples, 2000);
	accepted(compile("efi/plan/test.dts"), &config);
	assert_int_equal(config.mode, CONFIG_TEST);
	assert_int_equal(config.deaths, CONFIG_SKIP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_is_builtin), cmocka_unit_test(test_values),
		cmocka_unit_test(test_refusals),	 cmocka_unit_test(test_not_a_tree),
		cmocka_unit_test(test_damage),		 cmocka_unit_test(test_examples),
		cmocka_unit_test(test_override),	 cmocka_unit_test(test_twice),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
