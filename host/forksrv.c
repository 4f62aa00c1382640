/* SPDX-License-Identifier: BSD-2-Clause */
/* See forksrv.h. Words on the pipes are 4 bytes in the host's order. */
#include "host/forksrv.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FD_CTL = 198,
	FD_STATUS = 199,
	/*
	 * AFL++ kills the pid it is told when it is stopped. No process can have this one: it is above the
	 * kernel's limit of 2^22.
	 */
	NOBODY = 0x7ffffff0,
};

static const uint32_t HELLO = 0x80000001, HELLO_MAPSIZE = 0x40000000, HELLO_SHM = 0x01000000;

/* AFL++ greps a target for this name to see that it was made for it. */
static const char MAP_ENV[] = "__AFL_SHM_ID", INPUT_ENV[] = "__AFL_SHM_FUZZ_ID";

/* A SysV id, a POSIX name, or a number that is a descriptor: all versions' ways to hand memory over. */
static void *attach(const char *env, size_t *ret_len)
{
	const char *text = getenv(env);
	struct stat st;
	struct shmid_ds ds;

	if (!text || !*text)
		return NULL;
	if (text[0] != '/') {
		int id = atoi(text);
		void *p = shmat(id, NULL, 0);
		if (p != (void *)-1 && !shmctl(id, IPC_STAT, &ds)) {
			*ret_len = ds.shm_segsz;
			return p;
		}
	}
	int fd = text[0] == '/' ? shm_open(text, O_RDWR, 0) : dup(atoi(text));
	if (fd < 0)
		return NULL;
	void *p = MAP_FAILED;
	if (!fstat(fd, &st) && st.st_size > 0)
		p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return NULL;
	*ret_len = (size_t)st.st_size;
	return p;
}

static int read_word(int fd, uint32_t *ret_word)
{
	ssize_t n;

	do
		n = read(fd, ret_word, 4);
	while (n < 0 && errno == EINTR);
	return n == 4 ? 0 : -1;
}

static int write_words(int fd, const uint32_t *words, size_t n_words)
{
	ssize_t n;

	do
		n = write(fd, words, 4 * n_words);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)(4 * n_words) ? 0 : -1;
}

/* The map is asked for at our size; a bigger segment is used in its first part. */
static int open_map(struct forksrv *f)
{
	size_t len = 0;

	f->map = attach(MAP_ENV, &len);
	f->map_len = FORKSRV_MAP_LEN;
	if (f->map) {
		while (f->map_len > len)
			f->map_len /= 2;
		return f->map_len ? 0 : -1;
	}
	f->map = f->own_map = calloc(1, f->map_len);
	return f->map ? 0 : -1;
}

static int say_hello(struct forksrv *f, char *err, size_t err_cap)
{
	const int can_share = getenv(INPUT_ENV) != NULL;
	const uint32_t hello = HELLO | HELLO_MAPSIZE | (uint32_t)(f->map_len - 1) << 1 | (can_share ? HELLO_SHM : 0);
	uint32_t answer;

	if (fcntl(f->status, F_GETFD) < 0)
		return 0; /* run by hand, or by a tool that starts it anew for each test case */
	if (write_words(f->status, &hello, 1))
		return 0;
	f->is_afl = 1;
	if (!can_share)
		return 0;
	if (read_word(f->ctl, &answer)) {
		snprintf(err, err_cap, "AFL++ closed its pipe at the greeting; run it with AFL_DEBUG=1");
		return -1;
	}
	size_t len;
	if (answer & HELLO_SHM)
		f->shared = attach(INPUT_ENV, &len);
	if ((answer & HELLO_SHM) && !f->shared) {
		snprintf(err, err_cap, "AFL++'s shared test-case memory cannot be attached: %s; look at "
			 "`ipcs -m` and the kernel.shm* limits", strerror(errno));
		return -1;
	}
	return 0;
}

int forksrv_open(struct forksrv *f, const char *path, char *err, size_t err_cap)
{
	memset(f, 0, sizeof(*f));
	f->ctl = FD_CTL;
	f->status = FD_STATUS;
	f->path = path;
	signal(SIGPIPE, SIG_IGN);
	f->input = malloc(FORKSRV_INPUT_MAX);
	if (!f->input || open_map(f)) {
		snprintf(err, err_cap, "no memory for the coverage map; close something and try again");
		return -1;
	}
	return say_hello(f, err, err_cap);
}

/* AFL++ without shared memory rewrites one file: the one named, or standard input's. */
static int read_file(struct forksrv *f, size_t *ret_len)
{
	int fd = f->path ? open(f->path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		return -1;
	if (!f->path)
		lseek(fd, 0, SEEK_SET); /* fails on a pipe, which is read once only */
	while ((got = read(fd, f->input + n, FORKSRV_INPUT_MAX - n)) > 0)
		n += (size_t)got;
	if (f->path)
		close(fd);
	*ret_len = n;
	return 0;
}

int forksrv_next(struct forksrv *f, const uint8_t **ret_bytes, size_t *ret_len)
{
	uint32_t word;

	if (f->is_afl ? read_word(f->ctl, &word) : f->served)
		return 0;
	f->served = 1;
	memset(f->map, 0, f->map_len);
	f->map[0] = 1;
	if (f->shared) {
		uint32_t len;
		memcpy(&len, f->shared, sizeof(len));
		*ret_len = len < FORKSRV_INPUT_MAX ? len : FORKSRV_INPUT_MAX;
		*ret_bytes = f->shared + sizeof(len);
		return 1;
	}
	*ret_bytes = f->input;
	return read_file(f, ret_len) ? -1 : 1;
}

/*
 * The pid as late as the status, or AFL++ would be woken once more. It waits for it without a deadline: how long a run
 * may take is ours to say.
 */
int forksrv_done(struct forksrv *f, int signal_number)
{
	const uint32_t words[] = { NOBODY, (uint32_t)signal_number };

	return f->is_afl ? write_words(f->status, words, 2) : 0;
}

void forksrv_close(struct forksrv *f)
{
	free(f->own_map);
	free(f->input);
	memset(f, 0, sizeof(*f));
}
