/* SPDX-License-Identifier: BSD-2-Clause */
/* libFuzzer: any bytes as a file of results; then each line sealed as the writer seals it, so that damage is not all it sees. */
#include <stdlib.h>
#include <string.h>

#include "host/compare.h"
#include "host/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted has rows that can be compared; what is not has words. */
static void take(const char *bytes, size_t len)
{
	struct comparison k;
	struct run_file f;
	char why[256] = "";
	enum run_status status = run_parse(bytes, len, "fuzz", &f, why, sizeof(why));

	if (status == RUN_BAD && strncmp(why, "fuzz", 4))
		abort();
	for (size_t i = 0; status == RUN_GOOD && i < f.n_rows; i++)
		if (run_row(&f, f.rows[i].id) != &f.rows[i])
			abort();
	if (status == RUN_GOOD) {
		if (compare_runs(&f, 1, &f, 1, &k) || k.n_changed || k.n_refused)
			abort();
		free(k.v);
	}
	run_free(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct seal seal = { 0 };
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	take(at, size);
	while (f && at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at)), *to = newline ? newline : end;
		json_t *o = json_loadb(at, (size_t)(to - at), 0, NULL);

		if (json_is_object(o)) {
			json_object_del(o, "check");
			seal_line(f, &seal, o);
		} else {
			json_decref(o);
		}
		at = to + 1;
	}
	if (!f || seal_end(f, &seal) || fclose(f))
		abort();
	take(text, len);
	free(text);
	return 0;
}
