/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/config.h"

#include <libfdt.h>
#include <string.h>

#include "efi/abi/fmt.h"

struct reader {
	const void *dtb;
	struct config config;
	char *err;
	size_t cap;
	const char *node, *name; /* where we are */
	const void *value;
	int len;
};

static const char compatible[] = "trainwreck,plan";

void config_builtin(struct config *ret_config)
{
	*ret_config = (struct config){
		.mode = CONFIG_SERVE,
		.on_panic = CONFIG_HALT,
		.port = 0x3f8,
		.only = "*",
		.samples = 2000,
		.warmup = 64,
	};
}

static int refuse(struct reader *r, const char *want)
{
	fmt_print(r->err, r->cap, "%s: property '%s' %s", r->node, r->name, want);
	return -1;
}

/* A string that ends inside its property and fills it. */
static const char *text(struct reader *r)
{
	const char *s = r->value;

	if (r->len < 1 || strnlen(s, (size_t)r->len) != (size_t)r->len - 1)
		return NULL;
	return s;
}

static int cell(struct reader *r, uint32_t min, uint32_t max, uint32_t *ret)
{
	char want[64];
	fdt32_t raw;

	fmt_print(want, sizeof(want), "must be one cell from %u to %u", min, max);
	if (r->len != sizeof(raw))
		return refuse(r, want);
	memcpy(&raw, r->value, sizeof(raw));
	if (fdt32_to_cpu(raw) < min || fdt32_to_cpu(raw) > max)
		return refuse(r, want);
	*ret = fdt32_to_cpu(raw);
	return 0;
}

/* One of some words, the list ended by NULL; *ret becomes which. */
static int word(struct reader *r, const char *const words[], unsigned *ret)
{
	const char *s = text(r);
	char want[64];
	size_t n;

	for (unsigned i = 0; s && words[i]; i++) {
		if (!strcmp(s, words[i])) {
			*ret = i;
			return 0;
		}
	}
	n = (size_t)fmt_print(want, sizeof(want), "must be");
	for (unsigned i = 0; words[i] && n < sizeof(want); i++)
		n += (size_t)fmt_print(want + n, sizeof(want) - n, "%s \"%s\"",
				       !i ? "" : words[i + 1] ? "," : " or", words[i]);
	return refuse(r, want);
}

static int set_compatible(struct reader *r)
{
	const char *s = text(r);

	return s && !strcmp(s, compatible) ? 0 : refuse(r, "must be \"trainwreck,plan\"");
}

static int set_mode(struct reader *r)
{
	static const char *const words[] = { "serve", "bench", "test", NULL };
	unsigned v = 0;
	int bad = word(r, words, &v);

	r->config.mode = (enum config_mode)v;
	return bad;
}

static int set_panic(struct reader *r)
{
	static const char *const words[] = { "halt", "reset", NULL };
	unsigned v = 0;
	int bad = word(r, words, &v);

	r->config.on_panic = (enum config_panic)v;
	return bad;
}

static int set_finish(struct reader *r)
{
	static const char *const words[] = { "return", "halt", "reboot", "poweroff", NULL };

	return word(r, words, &r->config.on_finish);
}

static int set_port(struct reader *r)
{
	uint32_t v = 0;

	if (cell(r, 0, 0xfff8, &v))
		return -1;
	r->config.port = (uint16_t)v;
	return 0;
}

static int set_only(struct reader *r)
{
	const char *s = text(r);

	if (!s || !*s || strlen(s) >= CONFIG_GLOB_MAX)
		return refuse(r, "must be one string of 1 to 63 characters");
	memcpy(r->config.only, s, strlen(s) + 1);
	return 0;
}

static int set_samples(struct reader *r)
{
	return cell(r, 1, CONFIG_SAMPLES_MAX, &r->config.samples);
}

static int set_warmup(struct reader *r)
{
	return cell(r, 0, CONFIG_SAMPLES_MAX, &r->config.warmup);
}

/* The whole binding: a property that is not here is refused, or a slip of the pen would go unseen. */
static const struct {
	const char *node, *name;
	int (*set)(struct reader *r);
} binding[] = {
	{ "/", "compatible", set_compatible },
	{ "/run", "mode", set_mode },
	{ "/run", "on-panic", set_panic },
	{ "/run", "on-finish", set_finish },
	{ "/console", "port", set_port },
	{ "/bench", "only", set_only },
	{ "/bench", "samples", set_samples },
	{ "/bench", "warmup", set_warmup },
};

static int read_property(struct reader *r)
{
	for (unsigned i = 0; i < sizeof(binding) / sizeof(binding[0]); i++) {
		if (!strcmp(binding[i].node, r->node) && !strcmp(binding[i].name, r->name))
			return binding[i].set(r);
	}
	return refuse(r, "is not in the binding: see docs/plan.md for those that are");
}

static int read_node(struct reader *r, int node)
{
	int at;

	fdt_for_each_property_offset(at, r->dtb, node)
	{
		r->value = fdt_getprop_by_offset(r->dtb, at, &r->name, &r->len);
		if (!r->value) {
			r->name = "?";
			return refuse(r, "cannot be read: compile the plan again with dtc");
		}
		if (read_property(r))
			return -1;
	}
	return 0;
}

static int known_node(const char *path)
{
	for (unsigned i = 0; i < sizeof(binding) / sizeof(binding[0]); i++) {
		if (!strcmp(binding[i].node, path))
			return 1;
	}
	return 0;
}

static int read_tree(struct reader *r)
{
	char path[80];
	int node;

	r->node = "/";
	if (read_node(r, 0))
		return -1;
	r->name = "compatible";
	if (!fdt_getprop(r->dtb, 0, r->name, NULL))
		return refuse(r, "is missing: it must be \"trainwreck,plan\"");
	for (node = fdt_next_node(r->dtb, 0, NULL); node >= 0;
	     node = fdt_next_node(r->dtb, node, NULL)) {
		int bad = fdt_get_path(r->dtb, node, path, sizeof(path));

		if (bad || !known_node(path)) {
			fmt_print(r->err, r->cap,
				  "%s: no such node in the binding: see docs/plan.md for those that "
				  "are",
				  bad ? "a node with a long name" : path);
			return -1;
		}
		r->node = path;
		if (read_node(r, node))
			return -1;
	}
	return 0;
}

int config_parse(const void *dtb, size_t len, struct config *ret_config, char *err, size_t err_cap)
{
	struct reader r = { .dtb = dtb, .err = err, .cap = err_cap };
	int bad = len < sizeof(struct fdt_header) ? -FDT_ERR_TRUNCATED
						   : fdt_check_full(dtb, len);

	if (bad) {
		fmt_print(err, err_cap, "/: not a device tree (%s): compile the plan with dtc -O dtb",
			  fdt_strerror(bad));
		return -1;
	}
	config_builtin(&r.config);
	if (read_tree(&r))
		return -1;
	*ret_config = r.config;
	return 0;
}
