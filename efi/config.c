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
	uint32_t seen; /* rows of the binding that the plan has */
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
		.countdown = CONFIG_UNSET,
		.linger = CONFIG_UNSET,
	};
}

static int refuse(struct reader *r, const char *want)
{
	fmt_print(r->err, r->cap, "%s: property '%.31s' %s", r->node, r->name, want);
	return -1;
}

static int is_printable(const char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~')
			return 0;
	return 1;
}

/* Names in a damaged plan may be anything, and these words go to terminals. */
static int refused(char *err)
{
	for (; *err; err++)
		if (*err < ' ' || *err > '~')
			*err = '?';
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

/* One string that is not empty, with its end in cap bytes; the words say so. */
static int copy_text(struct reader *r, char *out, size_t cap, const char *words)
{
	const char *s = text(r);

	if (!s || !*s || strlen(s) >= cap || !is_printable(s))
		return refuse(r, words);
	memcpy(out, s, strlen(s) + 1);
	return 0;
}

static int set_title(struct reader *r)
{
	return copy_text(r, r->config.title, CONFIG_TITLE_MAX, "must be one string of 1 to 60 characters, printable ASCII");
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

static int set_countdown(struct reader *r)
{
	return cell(r, 0, CONFIG_WAIT_MAX, &r->config.countdown);
}

static int set_linger(struct reader *r)
{
	return cell(r, 0, CONFIG_WAIT_MAX, &r->config.linger);
}

static int set_deaths(struct reader *r)
{
	static const char *const words[] = { "skip", "run", NULL };

	return word(r, words, &r->config.deaths);
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
	return copy_text(r, r->config.only, CONFIG_GLOB_MAX, "must be one string of 1 to 63 characters, printable ASCII");
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
	int is_cell;
	int (*set)(struct reader *r);
} binding[] = {
	{ "/", "compatible", 0, set_compatible },
	{ "/", "title", 0, set_title },
	{ "/run", "mode", 0, set_mode },
	{ "/run", "on-panic", 0, set_panic },
	{ "/run", "on-finish", 0, set_finish },
	{ "/run", "countdown", 1, set_countdown },
	{ "/run", "linger", 1, set_linger },
	{ "/console", "port", 1, set_port },
	{ "/bench", "only", 0, set_only },
	{ "/bench", "samples", 1, set_samples },
	{ "/bench", "warmup", 1, set_warmup },
	{ "/test", "deaths", 0, set_deaths },
};

static int read_property(struct reader *r)
{
	for (unsigned i = 0; i < sizeof(binding) / sizeof(binding[0]); i++) {
		if (strcmp(binding[i].node, r->node) || strcmp(binding[i].name, r->name))
			continue;
		/* dtc refuses it, but not everything is made by dtc */
		if (r->seen & 1u << i)
			return refuse(r, "is there twice: leave one of the two");
		r->seen |= 1u << i;
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
		return refused(err);
	*ret_config = r.config;
	return 0;
}

/* --- words that override --------------------------------------------------------------------- */

/* Decimal, or hexadecimal after 0x. -1: it is neither, or longer than a cell. */
static int number(const char *s, fdt32_t *ret)
{
	unsigned base = s[0] == '0' && s[1] == 'x' ? 16 : 10;
	uint64_t v = 0;

	s += base == 16 ? 2 : 0;
	if (!*s)
		return -1;
	for (; *s; s++) {
		unsigned digit = *s >= '0' && *s <= '9' ? (unsigned)(*s - '0') :
				 *s >= 'a' && *s <= 'f' ? (unsigned)(*s - 'a') + 10 :
							  16;

		v = v * base + digit;
		if (digit >= base || v > UINT32_MAX)
			return -1;
	}
	*ret = cpu_to_fdt32((uint32_t)v);
	return 0;
}

/* "node.name=value", in pieces: each of them ends where the next begins. */
static int override(struct reader *r, char *word)
{
	char *dot = strchr(word, '.'), *is = strchr(word, '='), node[24];
	fdt32_t raw;

	if (!is || !dot || dot > is) {
		fmt_print(r->err, r->cap, "option '%.40s': write node.property=value, as in bench.samples=50", word);
		return -1;
	}
	*dot = *is = 0;
	fmt_print(node, sizeof(node), "/%s", word);
	r->node = node;
	r->name = dot + 1;
	r->value = is + 1;
	r->len = (int)strlen(is + 1) + 1;
	for (unsigned i = 0; i < sizeof(binding) / sizeof(binding[0]); i++) {
		if (strcmp(binding[i].node, node) || strcmp(binding[i].name, r->name))
			continue;
		if (binding[i].is_cell && number(is + 1, &raw))
			return refuse(r, "must be one number");
		if (binding[i].is_cell) {
			r->value = &raw;
			r->len = sizeof(raw);
		}
		return binding[i].set(r);
	}
	return refuse(r, "is not in the binding: see docs/plan.md for those that are");
}

int config_override(const char *words, struct config *config, char *err, size_t err_cap)
{
	struct reader r = { .config = *config, .err = err, .cap = err_cap };
	char word[CONFIG_WORD_MAX];

	while (*words) {
		const char *end = strchr(words, ' ');
		size_t n = end ? (size_t)(end - words) : strlen(words);

		if (n >= sizeof(word)) {
			fmt_print(err, err_cap, "option '%.40s...' is too long: %u characters at most", words, CONFIG_WORD_MAX - 1);
			return refused(err);
		}
		memcpy(word, words, n);
		word[n] = 0;
		if (n && override(&r, word))
			return refused(err);
		words += n + (words[n] == ' ');
	}
	*config = r.config;
	return 0;
}
