/* SPDX-License-Identifier: BSD-2-Clause */
/* The plan: what the application does, as a flattened device tree. docs/plan.md is the binding. */
#ifndef TW_CONFIG_H
#define TW_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#define CONFIG_PATH "\\trainwreck\\plan.dtb"

enum {
	CONFIG_FILE_MAX = 65536,
	CONFIG_GLOB_MAX = 64,
	CONFIG_TITLE_MAX = 61,
	CONFIG_WAIT_MAX = 3600,
	CONFIG_WORD_MAX = 128,
	CONFIG_SAMPLES_MAX = 4096,
};

enum config_mode {
	CONFIG_SERVE, /* answer a host on the console */
	CONFIG_BENCH, /* measure all rows and leave the figures on the stick */
	CONFIG_TEST, /* run the stick's sequences against the model */
};

enum config_panic { CONFIG_HALT, CONFIG_RESET };

/* What becomes of a sequence that the manual ends in a shutdown. */
enum config_deaths { CONFIG_SKIP, CONFIG_RUN };

#define CONFIG_UNSET 0xffffffffu

struct config {
	char title[CONFIG_TITLE_MAX]; /* what the choice of plans says of this one */
	enum config_mode mode;
	enum config_panic on_panic;
	unsigned on_finish; /* enum boot_end */
	uint16_t port; /* of the console's UART; 0: no console */
	char only[CONFIG_GLOB_MAX]; /* which benchmarks, by id */
	uint32_t samples, warmup;
	unsigned deaths; /* enum config_deaths */
	/* seconds before the plan begins and before on_finish; CONFIG_UNSET: the plan does not say */
	uint32_t countdown, linger;
};

/* The plan that runs when there is none on the stick. */
void config_builtin(struct config *ret_config);

/*
 * Read a plan. What it leaves out is as in the built-in one. Returns 0, or -1 with a message that
 * names the node and the property; then *ret_config is untouched.
 */
int config_parse(const void *dtb, size_t len, struct config *ret_config, char *err, size_t err_cap);

/*
 * Single properties over those of the plan: words "node.property=value", as the firmware hands them over.
 * Returns 0, or -1 with a message that names the word; then *config is untouched.
 */
int config_override(const char *words, struct config *config, char *err, size_t err_cap);

#endif
