/* SPDX-License-Identifier: BSD-2-Clause */
/* Traces and results for people (text), for programs (JSON) and for test harnesses (KTAP). */
#ifndef TW_HOST_TRACE_PRINT_H
#define TW_HOST_TRACE_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "host/oracle.h"

/* One record as a line of words: event, where it came, where it landed. Returns out. */
const char *record_words(const struct record *rec, char *out, size_t cap);

/* The sequence as text, a step a line. */
void seq_write(FILE *f, const struct seq *seq, const char *indent);

/* The rule's place in the manual for this CPU: "Intel SDM ..." or "AMD APM ...", or why there is none. */
const char *rule_manual(uint16_t rule, const struct profile *profile);
const char *basis_name(enum basis basis);

/* The trace of a result: one list where expected and observed agree, both where they do not. */
void trace_write(FILE *f, const struct result *r);

/* Whether the trace is as predicted, and the handlers' style broke a promise in it. */
int is_broken_promise(const struct result *r);

/* What differs first, the rule behind it and its basis; nothing when nothing differs. */
void difference_write(FILE *f, const struct result *r, const struct profile *profile);

/* A verdict, its trace, and what differs. */
void result_write(FILE *f, const char *name, const struct result *r, const struct profile *profile);
void result_write_ktap(FILE *f, unsigned number, const char *name, const struct result *r,
		       const struct profile *profile);

json_t *record_json(const struct record *rec);
json_t *trace_json(const struct record *rec, unsigned n);
json_t *profile_json(const struct profile *profile);
json_t *difference_json(const struct result *r, const struct profile *profile); /* null: none */
json_t *result_json(const char *name, const struct seq *seq, const struct result *r,
		    const char *engine, const struct profile *profile);

/* One object as one line. */
void json_line(FILE *f, json_t *object);

/* What was seen: the fetched records, or the prediction that they were equal to. */
const struct record *result_observed(const struct result *r, unsigned *ret_n);

#endif
