/* SPDX-License-Identifier: BSD-2-Clause */
/* Saving findings. */
#define _GNU_SOURCE
#include "host/finding.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/file.h"
#include "host/minimize.h"
#include "host/trace_print.h"

enum { PATH_CAP = 1200, TEXT_CAP = 16384 };

static int folder_of(char *out, const char *dir, const char *signature, const char *file)
{
	int n = snprintf(out, PATH_CAP, "%s/findings/%s%s%s", dir, signature, *file ? "/" : "", file);

	return n > 0 && n < PATH_CAP ? 0 : -1;
}

static json_t *read_meta(const char *dir, const char *signature)
{
	char path[PATH_CAP];

	if (folder_of(path, dir, signature, "finding.json"))
		return NULL;
	return json_load_file(path, 0, NULL);
}

int finding_steps(const char *dir, const char *signature)
{
	json_t *meta = read_meta(dir, signature);
	json_t *steps = json_object_get(meta, "steps");
	int n = json_is_integer(steps) ? (int)json_integer_value(steps) : -1;

	json_decref(meta);
	return n;
}

json_t *engine_json(struct oracle *o, const struct finding_source *source)
{
	const struct msg_hello *hello = engine_hello(o->engine);
	const char *env = getenv("QEMU");
	json_t *j = json_object();

	json_object_set_new(j, "schema", json_string("trainwreck.engine.1"));
	json_object_set_new(j, "engine", json_string(engine_name(o->engine)));
	json_object_set_new(j, "spec", json_string(source->spec));
	json_object_set_new(j, "version", json_string(engine_version(o->engine)));
	json_object_set_new(j, "command_line", json_string(engine_command_line(o->engine)));
	json_object_set_new(j, "build", json_sprintf("0x%" PRIx64, hello->build));
	json_object_set_new(j, "firmware",
			    json_stringn(hello->firmware,
					 strnlen(hello->firmware, sizeof(hello->firmware))));
	json_object_set_new(j, "qemu_override", env ? json_string(env) : json_null());
	json_object_set_new(j, "profile", profile_json(o->profile));
	return j;
}

static int save_seq(const char *dir, const char *signature, const char *base, const struct seq *seq,
		    int with_bytes)
{
	static char text[TEXT_CAP];
	char path[PATH_CAP], name[64];
	uint8_t bytes[SEQ_BYTES_MAX];

	if (with_bytes) {
		snprintf(name, sizeof(name), "%s.bin", base);
		if (folder_of(path, dir, signature, name) ||
		    file_write(path, bytes, seq_encode(seq, bytes)))
			return -1;
	}
	int n = seq_print(seq, text, sizeof(text));
	snprintf(name, sizeof(name), "%s.seq", base);
	return n < 0 || folder_of(path, dir, signature, name) || file_write(path, text, (size_t)n) ?
		       -1 :
		       0;
}

static int save_trace(const char *dir, const char *signature, const char *file,
		      const struct record *rec, unsigned n, enum outcome outcome)
{
	char path[PATH_CAP];

	if (folder_of(path, dir, signature, file))
		return -1;
	return file_write_json(path, json_pack("{s:s, s:s, s:o}", "schema", "trainwreck.trace.1", "outcome",
					  outcome_name(outcome), "records", trace_json(rec, n)));
}

static int save_replay(const char *dir, const char *signature)
{
	static const char fmt[] =
		"#!/bin/sh\n"
		"# Runs this finding again. Exit status: 0 the CPU does what the manual says, 1 it differs,\n"
		"# 125 cannot tell (as `git bisect run` wants). QEMU=./my/qemu chooses another emulator.\n"
		"exec \"${TRAINWRECK:-%s}\" replay \"$@\" \"$(dirname \"$0\")\"\n";
	char path[PATH_CAP], exe[512] = "trainwreck", text[1400];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n > 0)
		exe[n] = 0;
	if (strstr(exe, " (deleted)")) /* rebuilt meanwhile: the new one is at the same place */
		*strstr(exe, " (deleted)") = 0;
	snprintf(text, sizeof(text), fmt, exe);
	if (folder_of(path, dir, signature, "replay.sh") || file_write(path, text, strlen(text)))
		return -1;
	return chmod(path, 0755);
}

static int save_meta(const char *dir, const char *name, const struct seq *seq, const struct seq *small,
		     const struct result *r, json_t *old)
{
	char path[PATH_CAP], now[32];
	time_t t = time(NULL);
	struct tm tm;
	json_t *count = json_object_get(old, "count"), *first = json_object_get(old, "first_seen");

	strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
	if (folder_of(path, dir, name, "finding.json"))
		return -1;
	return file_write_json(
		path, json_pack("{s:s, s:s, s:s, s:I, s:s, s:i, s:i}", "schema", "trainwreck.finding.1",
				"signature", r->signature, "verdict", verdict_name(r->verdict), "count",
				count ? json_integer_value(count) : (json_int_t)0, "first_seen",
				first ? json_string_value(first) : now, "input_steps",
				(int)seq->n_steps, "steps", (int)small->n_steps));
}

/* The engine's own event log, on only around one run from a fresh state. Whether there is one. */
static int save_log(struct oracle *o, const char *dir, const struct seq *seq, const char *signature)
{
	static struct result r;
	char path[PATH_CAP];
	struct stat st;

	if (folder_of(path, dir, signature, "repro.log"))
		return 0;
	o->n_recoveries++;
	if (engine_recover(o->engine) != ENGINE_OK) {
		o->broken = 1;
		return 0;
	}
	if (engine_log(o->engine, path))
		return 0;
	unsigned stride = o->death_stride;
	o->death_stride = 0;
	oracle_run(o, seq, &r);
	o->death_stride = stride;
	engine_log(o->engine, NULL);
	return !stat(path, &st) && st.st_size > 0;
}

/* Where a finding is written until it is whole. Hidden: `triage` passes it over. */
static void new_name(char out[64])
{
	snprintf(out, 64, ".new-%d", (int)getpid());
}

static int make_folders(const char *dir, const char *name)
{
	char path[PATH_CAP];

	mkdir(dir, 0777);
	snprintf(path, sizeof(path), "%s/findings", dir);
	mkdir(path, 0777);
	if (folder_of(path, dir, name, ""))
		return -1;
	return mkdir(path, 0777) && errno != EEXIST ? -1 : 0;
}

static void remove_folder(const char *dir, const char *name)
{
	char path[PATH_CAP], file[PATH_CAP + 256];
	struct dirent *d;

	if (folder_of(path, dir, name, ""))
		return;
	DIR *folder = opendir(path);
	while (folder && (d = readdir(folder))) {
		snprintf(file, sizeof(file), "%s/%s", path, d->d_name);
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			unlink(file);
	}
	if (folder)
		closedir(folder);
	rmdir(path);
}

/* Held while counts and folders change: the fuzzers of a campaign share them. -1: not held, and nothing to undo. */
static int lock(const char *dir)
{
	char path[PATH_CAP];

	if (folder_of(path, dir, ".lock", ""))
		return -1;
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
	if (fd >= 0)
		flock(fd, LOCK_EX);
	return fd;
}

static void unlock(int fd)
{
	if (fd >= 0)
		close(fd);
}

void finding_count(const char *dir, const char *signature, uint64_t more)
{
	char path[PATH_CAP];
	int fd = lock(dir);
	json_t *meta = read_meta(dir, signature);
	json_t *count = json_object_get(meta, "count");

	if (json_is_integer(count) && !folder_of(path, dir, signature, "finding.json")) {
		json_integer_set(count, json_integer_value(count) + (json_int_t)more);
		file_write_json(path, json_incref(meta));
	}
	unlock(fd);
	json_decref(meta);
}

/* In one step, whatever happens meanwhile: the old one, if there is one, is there until the new one is. */
static int publish(const char *dir, const char *name, const char *signature)
{
	char from[PATH_CAP], to[PATH_CAP];

	if (folder_of(from, dir, name, "") || folder_of(to, dir, signature, ""))
		return -1;
	if (!rename(from, to))
		return 0;
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE))
		return -1;
	remove_folder(dir, name);
	return 0;
}

static int save_files(struct oracle *o, const char *dir, const char *sig, const struct finding_source *source,
		      const struct seq *seq, const struct seq *small, const struct result *r)
{
	char path[PATH_CAP];
	unsigned n;
	const struct record *seen = result_observed(r, &n);
	int has_log = save_log(o, dir, small, sig);

	if (save_seq(dir, sig, "input", seq, 1) || save_seq(dir, sig, "minimized", small, 0) ||
	    save_trace(dir, sig, "expected.json", r->j.trace.rec, r->j.trace.n,
		       (enum outcome)r->j.trace.outcome) ||
	    save_trace(dir, sig, "observed.json", seen, n, r->outcome) || save_replay(dir, sig))
		return -1;
	if (folder_of(path, dir, sig, "engine.json") || file_write_json(path, engine_json(o, source)))
		return -1;
	if (folder_of(path, dir, sig, "report.md"))
		return -1;
	return report_write(path, o, source, small, r, has_log);
}

/* The files of a finding, all at once; `old`, what is said of it so far, is for the others' sake read only now. */
static int save(struct oracle *o, const char *dir, const struct finding_source *source, const struct seq *seq,
		const struct seq *small, const struct result *r, int even_if_longer)
{
	char name[64];

	new_name(name);
	remove_folder(dir, name); /* of a process that had our number and was ended */
	if (make_folders(dir, name) || save_files(o, dir, name, source, seq, small, r))
		return -1;
	int fd = lock(dir);
	json_t *old = read_meta(dir, r->signature), *steps = json_object_get(old, "steps");
	int bad = 0;
	if (!even_if_longer && json_is_integer(steps) && json_integer_value(steps) <= (json_int_t)small->n_steps)
		remove_folder(dir, name);
	else
		bad = save_meta(dir, name, seq, small, r, old) || publish(dir, name, r->signature);
	unlock(fd);
	json_decref(old);
	return bad ? -1 : 0;
}

int finding_save(struct oracle *o, const char *dir, const struct finding_source *source,
		 const struct seq *seq, const struct result *r, char *err, size_t err_cap)
{
	static struct result shown;
	struct seq small = *seq;

	shown = *r;
	if (source->minimize_ms && !o->broken) {
		const struct minimize_goal goal = { .signature = r->signature };
		minimize_seq(o, seq, &goal, source->minimize_ms, &small);
		oracle_run(o, &small, &shown);
		if (strcmp(shown.signature, r->signature)) {
			small = *seq;
			shown = *r;
		}
	}
	int steps = finding_steps(dir, r->signature);
	if (steps >= 0 && (uint32_t)steps <= small.n_steps)
		return 0;
	if (!save(o, dir, source, seq, &small, &shown, 0))
		return 0;
	snprintf(err, err_cap, "%s/findings/%.150s cannot be written: %s; free some space or choose another "
		 "--out", dir, r->signature, strerror(errno));
	return -1;
}

int finding_replace(struct oracle *o, const char *dir, const struct finding_source *source,
		    const struct seq *input, const struct seq *small, const struct result *r)
{
	if (finding_steps(dir, r->signature) < 0)
		return -1;
	return save(o, dir, source, input, small, r, 1);
}
