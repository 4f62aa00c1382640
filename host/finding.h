/* SPDX-License-Identifier: BSD-2-Clause */
/* A finding is a folder, DIR/findings/<signature>/. docs/findings.md describes each file in it. */
#ifndef TW_HOST_FINDING_H
#define TW_HOST_FINDING_H

#include <jansson.h>

#include "host/oracle.h"

/* What a finding was seen on; strings live as long as the engine. */
struct finding_source {
	const char *spec; /* how the engine was asked for: "qemu:cpu=EPYC" */
	int minimize_ms; /* time for the minimiser; 0: none */
};

/*
 * Save a confirmed finding under dir/findings: runs the minimiser and the engine's event log. One
 * that is there already keeps its count and first_seen, and its files when its reproducer is not
 * longer. Returns 0, or -1 with err.
 */
int finding_save(struct oracle *o, const char *dir, const struct finding_source *source,
		 const struct seq *seq, const struct result *r, char *err, size_t err_cap);

/* Put a shorter reproducer into a finding that is there, with its traces and report. 0, or -1. */
int finding_replace(struct oracle *o, const char *dir, const struct finding_source *source,
		    const struct seq *input, const struct seq *small, const struct result *r);

/* Raise a saved finding's count to `count` more than it was. */
void finding_count(const char *dir, const char *signature, uint64_t more);

/* Steps of the saved reproducer, or -1 when there is no such finding. */
int finding_steps(const char *dir, const char *signature);

/* report.md, for a maintainer who has never heard of this project. 0, or -1. */
int report_write(const char *path, struct oracle *o, const struct finding_source *source,
		 const struct seq *seq, const struct result *r, int has_log);

/* The body of machine instructions behind each step, with addresses. */
void steps_write_code(FILE *f, const struct seq *seq, const struct record *rec, unsigned n);

json_t *engine_json(struct oracle *o, const struct finding_source *source);

#endif
