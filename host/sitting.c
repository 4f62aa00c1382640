/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/sitting.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"
#include "host/trace_print.h"

enum { PATH_CAP = 1400 };

static void path_in(const char *dir, const char *folder, const char *file, char out[PATH_CAP])
{
	snprintf(out, PATH_CAP, "%s%s%s/%s", dir, *folder ? "/" : "", folder, file);
}

static void make_folder(const char *dir, const char *folder)
{
	char path[PATH_CAP];

	path_in(dir, "", folder, path);
	mkdir(path, 0777);
}

static int is_campaign(const char *dir)
{
	char path[PATH_CAP];

	path_in(dir, "", "campaign.json", path);
	return !access(path, F_OK);
}

int sitting_machine(const char *dir, const struct engine *e, char *why, size_t why_cap)
{
	char path[PATH_CAP];
	int bad = 0;

	if (!is_campaign(dir))
		return 0;
	path_in(dir, "", "machine.json", path);
	json_t *now = json_pack("{s:s, s:s, s:o}", "schema", "trainwreck.machine.1", "version", engine_version(e),
				"profile", profile_json(&engine_hello(e)->profile));
	json_t *old = json_load_file(path, 0, NULL);
	if (!old) {
		bad = file_write_json(path, json_incref(now));
		if (bad)
			snprintf(why, why_cap, "%s cannot be written: %s; choose another --out", path, strerror(errno));
	} else if (!json_equal(old, now)) {
		const char *version = json_string_value(json_object_get(old, "version"));

		bad = 1;
		snprintf(why, why_cap, "%s has a campaign on %s, whose profile is in its machine.json; this is %s with "
			 "another profile or version: use that one (QEMU=, BOCHS=, --engine), or another --out", dir,
			 version ? version : "another machine", engine_version(e));
		path_in(dir, "", "refused", path);
		file_write(path, why, strlen(why));
	}
	json_decref(now);
	json_decref(old);
	return bad;
}

int sitting_refused(const char *dir, char *words, size_t cap)
{
	char path[PATH_CAP];

	path_in(dir, "", "refused", path);
	FILE *f = fopen(path, "r");
	if (!f)
		return 0;
	words[fread(words, 1, cap - 1, f)] = 0;
	fclose(f);
	unlink(path);
	return 1;
}

void sitting_open(const char *dir, const char *instance, const uint8_t *bytes, size_t len)
{
	char path[PATH_CAP];

	make_folder(dir, "open");
	path_in(dir, "open", instance, path);
	file_write(path, bytes, len);
}

void sitting_settled(const char *dir, const char *instance)
{
	char path[PATH_CAP];

	path_in(dir, "open", instance, path);
	unlink(path);
}

size_t sitting_left(const char *dir, const char *instance, uint8_t *bytes, size_t cap)
{
	char path[PATH_CAP];

	path_in(dir, "open", instance, path);
	FILE *f = fopen(path, "rb");
	size_t n = f ? fread(bytes, 1, cap, f) : 0;

	if (f)
		fclose(f);
	return n;
}

/* Its number, who made it and when: numbers are used again. */
static void note(FILE *f, const char *env)
{
	const char *text = getenv(env);
	struct shmid_ds ds;
	char *end;

	if (!text || !*text)
		return;
	int id = (int)strtol(text, &end, 10);
	if (!*end && !shmctl(id, IPC_STAT, &ds))
		fprintf(f, "%d %d %" PRId64 "\n", id, (int)ds.shm_cpid, (int64_t)ds.shm_ctime);
}

void sitting_note_memory(const char *dir, const char *instance)
{
	char path[PATH_CAP];

	if (!is_campaign(dir))
		return;
	make_folder(dir, "memory");
	path_in(dir, "memory", instance, path);
	FILE *f = fopen(path, "w");
	if (!f)
		return;
	note(f, "__AFL_SHM_ID");
	note(f, "__AFL_SHM_FUZZ_ID");
	fclose(f);
}

static void free_noted(const char *path)
{
	FILE *f = fopen(path, "r");
	struct shmid_ds ds;
	int id, pid;
	int64_t made;

	while (f && fscanf(f, "%d %d %" SCNd64, &id, &pid, &made) == 3) {
		if (!shmctl(id, IPC_STAT, &ds) && ds.shm_cpid == pid && (int64_t)ds.shm_ctime == made && !ds.shm_nattch)
			shmctl(id, IPC_RMID, NULL);
	}
	if (f)
		fclose(f);
	unlink(path);
}

void sitting_free_memory(const char *dir)
{
	char path[PATH_CAP];
	struct dirent *d;

	path_in(dir, "", "memory", path);
	DIR *folder = opendir(path);
	while (folder && (d = readdir(folder))) {
		if (d->d_name[0] == '.')
			continue;
		path_in(dir, "memory", d->d_name, path);
		free_noted(path);
	}
	if (folder)
		closedir(folder);
}
