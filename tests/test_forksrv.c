/* SPDX-License-Identifier: BSD-2-Clause */
/* The fork server, with this test as AFL++ on the other side of the pipes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/forksrv.h"

/* AFL++ may give more than is asked for. */
enum { AFL_MAP_LEN = 2 * FORKSRV_MAP_LEN, INPUT_LEN = 4096 };

struct afl {
	int map_id, input_id;
	uint8_t *map, *input;
	int ctl, status;
	pid_t pid;
	char path[64]; /* standard input of the client */
};

/* The client: its map says how long the test case was, and a case that begins with X crashes. */
static void client(const char *path)
{
	struct forksrv f;
	const uint8_t *bytes;
	size_t len;
	char err[256];

	if (forksrv_open(&f, path, err, sizeof(err)))
		_exit(9);
	int got;
	while ((got = forksrv_next(&f, &bytes, &len)) > 0) {
		f.map[100] = (uint8_t)len;
		f.map[101] = len ? bytes[len - 1] : 0;
		if (forksrv_done(&f, len && bytes[0] == 'X' ? SIGABRT : 0))
			_exit(8);
	}
	_exit(got < 0 ? 7 : 0);
}

static void put_env(const char *name, int id)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", id);
	setenv(name, text, 1);
}

static void start(struct afl *a, int shares_input)
{
	int ctl[2], status[2];

	memset(a, 0, sizeof(*a));
	a->map_id = shmget(IPC_PRIVATE, AFL_MAP_LEN, IPC_CREAT | 0600);
	a->input_id = shmget(IPC_PRIVATE, INPUT_LEN, IPC_CREAT | 0600);
	assert_true(a->map_id >= 0 && a->input_id >= 0);
	a->map = shmat(a->map_id, NULL, 0);
	a->input = shmat(a->input_id, NULL, 0);
	snprintf(a->path, sizeof(a->path), "/tmp/test_forksrv.XXXXXX");
	int in = mkstemp(a->path);
	assert_true(in >= 0);
	assert_int_equal(pipe(ctl), 0);
	assert_int_equal(pipe(status), 0);
	a->pid = fork();
	if (!a->pid) {
		put_env("__AFL_SHM_ID", a->map_id);
		if (shares_input)
			put_env("__AFL_SHM_FUZZ_ID", a->input_id);
		dup2(ctl[0], 198);
		dup2(status[1], 199);
		dup2(in, 0);
		close(ctl[1]);
		close(status[0]);
		client(NULL);
	}
	close(in);
	close(ctl[0]);
	close(status[1]);
	a->ctl = ctl[1];
	a->status = status[0];
}

static uint32_t get(struct afl *a)
{
	uint32_t word = 0;

	assert_int_equal(read(a->status, &word, 4), 4);
	return word;
}

static void put(struct afl *a, uint32_t word)
{
	assert_int_equal(write(a->ctl, &word, 4), 4);
}

/* One test case; returns the wait status. */
static uint32_t run(struct afl *a)
{
	uint32_t told[2]; /* pid and status, at once */

	put(a, 0);
	assert_int_equal(read(a->status, told, sizeof(told)), sizeof(told));
	assert_true((int32_t)told[0] > 0);
	assert_true(kill((pid_t)told[0], 0) < 0); /* nobody, or AFL++ would kill it when it is stopped */
	return told[1];
}

static void stop(struct afl *a)
{
	int status;

	close(a->ctl);
	assert_int_equal(waitpid(a->pid, &status, 0), a->pid);
	assert_int_equal(status, 0);
	close(a->status);
	shmdt(a->map);
	shmdt(a->input);
	shmctl(a->map_id, IPC_RMID, NULL);
	shmctl(a->input_id, IPC_RMID, NULL);
	unlink(a->path);
}

static void share(struct afl *a, const char *text)
{
	uint32_t len = (uint32_t)strlen(text);

	memcpy(a->input, &len, 4);
	memcpy(a->input + 4, text, len);
}

static void test_cases_come_by_shared_memory(void **state)
{
	struct afl a;

	(void)state;
	start(&a, 1);
	assert_int_equal(get(&a), 0x80000001u | 0x40000000u | 0x01000000u | (FORKSRV_MAP_LEN - 1) << 1);
	put(&a, 0x81000001u);
	share(&a, "abc");
	assert_int_equal(run(&a), 0);
	assert_int_equal(a.map[0], 1);
	assert_int_equal(a.map[100], 3);
	assert_int_equal(a.map[101], 'c');
	a.map[200] = 7; /* left by the run before: has to be gone */
	share(&a, "Xy");
	assert_int_equal(run(&a), SIGABRT);
	assert_true(WIFSIGNALED(SIGABRT));
	assert_int_equal(a.map[100], 2);
	assert_int_equal(a.map[200], 0);
	assert_int_equal(a.map[FORKSRV_MAP_LEN], 0);
	for (int i = 0; i < 500; i++) {
		share(&a, i & 1 ? "X" : "ok");
		assert_int_equal(run(&a), i & 1 ? SIGABRT : 0);
	}
	stop(&a);
}

static void test_cases_come_by_standard_input(void **state)
{
	struct afl a;
	static const char *const cases[] = { "first", "X2", "", "last" };

	(void)state;
	start(&a, 0);
	assert_int_equal(get(&a), 0x80000001u | 0x40000000u | (FORKSRV_MAP_LEN - 1) << 1);
	for (size_t i = 0; i < 4; i++) {
		FILE *f = fopen(a.path, "r+");
		assert_non_null(f);
		assert_int_equal(ftruncate(fileno(f), 0), 0);
		fputs(cases[i], f);
		fclose(f);
		assert_int_equal(run(&a), cases[i][0] == 'X' ? SIGABRT : 0);
		assert_int_equal(a.map[100], strlen(cases[i]));
	}
	stop(&a);
}

/* afl-tmin and friends without a fork server, and people, run it once for each test case. */
static void without_afl_a_file_is_run_once(void **state)
{
	struct forksrv f;
	const uint8_t *bytes;
	size_t len;
	char err[256], path[] = "/tmp/test_forksrv.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, "hello", 5), 5);
	close(fd);
	assert_true(fcntl(199, F_GETFD) < 0);
	assert_int_equal(forksrv_open(&f, path, err, sizeof(err)), 0);
	assert_false(f.is_afl);
	assert_int_equal(forksrv_next(&f, &bytes, &len), 1);
	assert_int_equal(len, 5);
	assert_memory_equal(bytes, "hello", 5);
	assert_int_equal(f.map[0], 1);
	assert_int_equal(forksrv_done(&f, 0), 0);
	assert_int_equal(forksrv_next(&f, &bytes, &len), 0);
	forksrv_close(&f);
	unlink(path);
	assert_int_equal(forksrv_open(&f, path, err, sizeof(err)), 0);
	assert_int_equal(forksrv_next(&f, &bytes, &len), -1);
	forksrv_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases_come_by_shared_memory),
		cmocka_unit_test(test_cases_come_by_standard_input),
		cmocka_unit_test(without_afl_a_file_is_run_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
