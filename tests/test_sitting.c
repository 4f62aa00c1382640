/* SPDX-License-Identifier: BSD-2-Clause */
/* What a campaign's next sitting finds of the one before, which was killed. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/file.h"
#include "host/finding_load.h"
#include "host/inputs.h"
#include "host/sitting.h"
#include "host/target.h"
#include "tests/scratch.h"
#include "tests/wrong_cpu.h"

static int is_there(const char *file)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return !access(path, F_OK);
}

static void make_campaign(void)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/campaign.json", dir);
	assert_int_equal(file_write(path, "{}", 2), 0);
}

/* As the target's after its engine has started. */
static void sit_down(struct target *t, struct rig *rig, struct plant *plant)
{
	memset(t, 0, sizeof(*t));
	start(rig, plant);
	t->oracle = rig->oracle;
	t->source = (struct finding_source){ .spec = rig->guest.spec, .minimize_ms = 2000 };
	campaign_open(&t->campaign, dir);
}

static void the_shortest_inputs_are_kept(void **state)
{
	unsigned too_long = 0;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		/* from 41 steps down to 2, each of another length */
		struct seq seq = parsed("nop");

		seq.n_steps = 0;
		for (unsigned k = 0; k < 41 - i; k++)
			seq.step[seq.n_steps++] = parsed("nop").step[0];
		too_long = inputs_keep(dir, "A.b.c", &seq);
		assert_int_equal(too_long, i + 1 < INPUTS_KEPT ? 0 : 41 - i + INPUTS_KEPT - 1);
	}
	assert_int_equal(too_long, 21);
	unsigned kept = 0;
	for (unsigned n = 0; n <= 41; n++) {
		char command[256];

		snprintf(command, sizeof(command), "test -e %s/inputs/A.b.c/%03u-*.bin", dir, n);
		int there = !system(command);
		assert_int_equal(there, n >= 2 && n <= 21);
		kept += (unsigned)there;
	}
	assert_int_equal(kept, INPUTS_KEPT);
}

static void what_was_not_settled_is_settled(void **state)
{
	struct plant plant = { .line = no_rf };
	static struct target t;
	struct seq wrong = parsed("nop; ud2; nop");
	uint8_t bytes[SEQ_BYTES_MAX];
	size_t len = seq_encode(&wrong, bytes);
	struct rig rig;

	(void)state;
	/* killed while it confirmed, or minimised */
	sitting_open(dir, "default", bytes, len);
	assert_int_equal(sitting_left(dir, "default", bytes, sizeof(bytes)), len);
	sit_down(&t, &rig, &plant);
	assert_int_equal(t.campaign.n, 0);
	assert_int_equal(target_resume(&t), 0);
	assert_int_equal(t.campaign.n, 1);
	assert_true(finding_steps(dir, t.campaign.seen[0].name) > 0);
	assert_int_equal(sitting_left(dir, "default", bytes, sizeof(bytes)), 0);
	assert_false(is_there("open/default"));
	/* and nothing is begun anew by that, nor left of its making */
	assert_int_equal(target_resume(&t), 0);
	assert_int_equal(t.campaign.seen[0].count, 1);
	char command[256];
	snprintf(command, sizeof(command), "ls -d %s/findings/.new-* 2>/dev/null | grep -q .", dir);
	assert_int_not_equal(system(command), 0);
	target_close(&t);
	fakeguest_stop(&rig.guest);
}

static void a_shorter_one_takes_the_place_of_a_whole_one(void **state)
{
	struct plant plant = { .line = no_rf };
	static struct target t;
	struct seq wrong = parsed("ud2");
	uint8_t bytes[SEQ_BYTES_MAX], map[1024] = { 1 };
	static struct finding f;
	char path[512], why[256];
	struct rig rig;

	(void)state;
	sit_down(&t, &rig, &plant);
	t.source.minimize_ms = 0;
	struct seq longer = parsed("nop; nop; nop; ud2");
	size_t len = seq_encode(&longer, bytes);
	assert_int_equal(target_run(&t, bytes, len, map, sizeof(map)), SIGABRT);
	snprintf(path, sizeof(path), "%s/findings/%s", dir, t.campaign.seen[0].name);
	assert_int_equal(finding_load(path, &f, why, sizeof(why)), 0);
	assert_int_equal(f.seq.n_steps, 4);
	len = seq_encode(&wrong, bytes);
	assert_int_equal(target_run(&t, bytes, len, map, sizeof(map)), SIGABRT);
	assert_int_equal(finding_load(path, &f, why, sizeof(why)), 0);
	assert_int_equal(f.seq.n_steps, 1);
	target_close(&t);
	/* counted once by the end, however often it was rewritten */
	assert_int_equal(finding_load(path, &f, why, sizeof(why)), 0);
	assert_int_equal(f.count, 2);
	fakeguest_stop(&rig.guest);
}

static void another_machine_is_refused(void **state)
{
	struct plant plant = { .line = no_rf };
	char why[1024] = "";
	struct rig rig;

	(void)state;
	start(&rig, &plant);
	/* no campaign: any machine will do */
	assert_int_equal(sitting_machine(dir, rig.oracle.engine, why, sizeof(why)), 0);
	assert_false(is_there("machine.json"));
	make_campaign();
	assert_int_equal(sitting_machine(dir, rig.oracle.engine, why, sizeof(why)), 0);
	assert_true(is_there("machine.json"));
	assert_int_equal(sitting_machine(dir, rig.oracle.engine, why, sizeof(why)), 0);
	assert_int_equal(sitting_refused(dir, why, sizeof(why)), 0);

	struct msg_hello *hello = (struct msg_hello *)(uintptr_t)engine_hello(rig.oracle.engine);
	hello->profile.features ^= FEAT(SMAP);
	assert_int_equal(sitting_machine(dir, rig.oracle.engine, why, sizeof(why)), 1);
	memset(why, 0, sizeof(why));
	assert_int_equal(sitting_refused(dir, why, sizeof(why)), 1);
	assert_non_null(strstr(why, "another --out"));
	assert_int_equal(sitting_refused(dir, why, sizeof(why)), 0);
	stop(&rig);
}

/* A segment as AFL++ makes it. */
static int make_segment(void **ret_at)
{
	char text[16];
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);

	assert_true(id >= 0);
	*ret_at = shmat(id, NULL, 0);
	snprintf(text, sizeof(text), "%d", id);
	setenv("__AFL_SHM_ID", text, 1);
	return id;
}

static void memory_of_a_killed_one_is_freed(void **state)
{
	struct shmid_ds ds;
	void *at;

	(void)state;
	make_campaign();
	int id = make_segment(&at);
	sitting_note_memory(dir, "main");
	/* someone has it: the campaign runs */
	sitting_free_memory(dir);
	assert_int_equal(shmctl(id, IPC_STAT, &ds), 0);
	sitting_note_memory(dir, "main");
	shmdt(at);
	sitting_free_memory(dir);
	assert_int_equal(shmctl(id, IPC_STAT, &ds), -1);
	assert_false(is_there("memory/main"));

	/* one that is not what was noted, though its number is the same */
	id = make_segment(&at);
	shmdt(at);
	char path[512], words[64];
	snprintf(path, sizeof(path), "%s/memory/main", dir);
	int n = snprintf(words, sizeof(words), "%d %d 1\n", id, (int)getpid());
	assert_int_equal(file_write(path, words, (size_t)n), 0);
	sitting_free_memory(dir);
	assert_int_equal(shmctl(id, IPC_STAT, &ds), 0);
	shmctl(id, IPC_RMID, NULL);
	unsetenv("__AFL_SHM_ID");
}

#define EACH(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(the_shortest_inputs_are_kept),
		EACH(what_was_not_settled_is_settled),
		EACH(a_shorter_one_takes_the_place_of_a_whole_one),
		EACH(another_machine_is_refused),
		EACH(memory_of_a_killed_one_is_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
