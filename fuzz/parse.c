/* SPDX-License-Identifier: BSD-2-Clause */
/* Sequences as text, reading: words, lines and steps. Messages are made in complain.c. */
#include "fuzz/seq.h"

#include <string.h>

#include "fuzz/complain.h"
#include "fuzz/style.h"
#include "fuzz/text.h"

enum { WORDS_MAX = 8, CANDS_MAX = 256 };

struct in {
	const char *p, *end;
	int started; /* a start line or a step has been read */
	struct seq *seq;
	struct complaint c;
};

static int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of this statement; 0 when the statement is over. Does not eat the separator. */
static int next_word(struct in *in, struct word *ret_word)
{
	const char *from;

	while (in->p < in->end && is_blank(*in->p))
		in->p++;
	if (in->p < in->end && *in->p == '#')
		while (in->p < in->end && *in->p != '\n')
			in->p++;
	from = in->p;
	while (in->p < in->end && !is_blank(*in->p) && *in->p != '\n' && *in->p != ';' &&
	       *in->p != '#')
		in->p++;
	if (in->p == from)
		return 0;
	ret_word->p = from;
	ret_word->len = (size_t)(in->p - from);
	return 1;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* 0x.. or decimal, at most max. Returns 0 when it is not such a number. */
static int number(struct word w, unsigned max, unsigned *ret_value)
{
	unsigned base = 10, value = 0;
	size_t i = 0;

	if (w.len > 2 && w.p[0] == '0' && (w.p[1] == 'x' || w.p[1] == 'X')) {
		base = 16;
		i = 2;
	}
	if (i == w.len)
		return 0;
	for (; i < w.len; i++) {
		unsigned d = (unsigned)digit_of(w.p[i]);

		if (d >= base)
			return 0;
		value = value * base + d;
		if (value > max)
			return 0;
	}
	*ret_value = value;
	return 1;
}

static int word_is(struct word w, const char *s)
{
	return w.len == strlen(s) && !memcmp(w.p, s, w.len);
}

/* Whether w begins with head; if so, ret_rest is what follows. */
static int begins(struct word w, const char *head, struct word *ret_rest)
{
	size_t n = strlen(head);

	if (w.len < n || memcmp(w.p, head, n))
		return 0;
	ret_rest->p = w.p + n;
	ret_rest->len = w.len - n;
	return 1;
}

static int number_or_say(struct in *in, const char *what, struct word w, unsigned max,
			 unsigned *ret_value)
{
	if (number(w, max, ret_value))
		return 0;
	return complain_number(&in->c, what, w, max);
}

/* name=a+b: the bits of the words. */
static int parse_set(struct in *in, const struct field_text *f, struct word w, unsigned *ret_value)
{
	unsigned i, value = 0;

	while (w.len) {
		struct word one = w;

		for (one.len = 0; one.len < w.len && w.p[one.len] != '+'; one.len++)
			;
		for (i = 0; i < f->n && !word_is(one, f->word[i]); i++)
			;
		if (i == f->n)
			return complain_word(&in->c, f->name, one, f->word, f->n);
		value |= 1u << i;
		w.p += one.len;
		w.len -= one.len;
		if (w.len) {
			w.p++;
			w.len--;
		}
	}
	*ret_value = value;
	return 0;
}

static int parse_field(struct in *in, const struct field_text *f, struct word w)
{
	unsigned i, value = 0;

	if (w.len && w.p[0] >= '0' && w.p[0] <= '9') {
		if (number_or_say(in, f->name, w, 0xff, &value))
			return -1;
	} else if (f->is_set && w.len) {
		if (parse_set(in, f, w, &value))
			return -1;
	} else {
		for (i = 0; i < f->n && !word_is(w, f->word[i]); i++)
			;
		if (i == f->n)
			return complain_word(&in->c, f->name, w, f->word, f->n);
		value = i;
	}
	((uint8_t *)in->seq)[f->offset] = (uint8_t)value;
	return 0;
}

/* off=GUARD: one of those that the style, named before, has. */
static int parse_off(struct in *in, struct word w)
{
	const char *cand[CANDS_MAX];
	unsigned style = in->seq->style, n = style < N_STYLES ? style_guards(style) : 0;

	if (!style || !n)
		return complain(&in->c, "off= names a guard of a style, and plain has none; write another style= before it");
	for (unsigned i = 0; i < n; i++) {
		cand[i] = style_guard_name(style, i + 1);
		if (word_is(w, cand[i])) {
			in->seq->style = style_byte(style, i + 1);
			return 0;
		}
	}
	return complain_word(&in->c, "guard", w, cand, n);
}

static int parse_start(struct in *in, const struct word *w, unsigned n)
{
	static const char *const names[N_FIELDS + 1] = { "ring=", "flags=", "layout=", "style=", "off=" };
	unsigned i, k;

	if (in->started)
		return complain(&in->c, "start comes once, before the first step; move it up");
	for (i = 1; i < n; i++) {
		struct word value;

		for (k = 0; k <= N_FIELDS; k++)
			if (begins(w[i], names[k], &value))
				break;
		if (k > N_FIELDS)
			return complain_word(&in->c, "start setting", w[i], names, N_FIELDS + 1);
		if (k == N_FIELDS ? parse_off(in, value) :
				    parse_field(in, &field_text[k], value))
			return -1;
	}
	return 0;
}

/* Takes the shadow prefix off a step's first word. */
static int parse_prefix(struct in *in, struct word *w, struct step *step)
{
	unsigned i, best = P_NONE;
	struct word rest, bad = *w;

	for (i = 1; i < N_PREFIX; i++)
		if (begins(*w, prefix_text[i], &rest) &&
		    strlen(prefix_text[i]) > strlen(prefix_text[best]))
			best = i;
	if (best)
		(void)begins(*w, prefix_text[best], w);
	step->prefix = (uint8_t)best;
	for (i = 0; i < w->len && w->p[i] != '+'; i++)
		;
	if (i == w->len)
		return 0;
	bad.len = (size_t)(w->p - bad.p) + i + 1;
	return complain_word(&in->c, "prefix", bad, prefix_text + 1, N_PREFIX - 1);
}

static int parse_op(struct in *in, struct word w, struct step *step)
{
	const char *cand[CANDS_MAX];
	unsigned i, n = 0, value;
	struct word digits;

	if (begins(w, "op.", &digits)) {
		if (number_or_say(in, "op number", digits, 0xff, &value))
			return -1;
		step->op = (uint8_t)value;
		return 0;
	}
	for (i = 0; i < CANDS_MAX; i++) {
		if (!ops[i].text)
			continue;
		if (word_is(w, ops[i].text)) {
			step->op = (uint8_t)i;
			return 0;
		}
		cand[n++] = ops[i].text;
	}
	return complain_word(&in->c, "op", w, cand, n);
}

/* The index of w in a list. */
static int parse_item(struct in *in, const char *what, enum arg_kind kind, struct word w,
		      unsigned *ret_index)
{
	const char *cand[CANDS_MAX];
	unsigned i, n = list_len(kind);

	for (i = 0; i < n; i++) {
		cand[i] = list_item(kind, i);
		if (word_is(w, cand[i])) {
			*ret_index = i;
			return 0;
		}
	}
	return complain_word(&in->c, what, w, cand, n);
}

/* field=value, of a damaged exit. */
static int parse_defect(struct in *in, struct word w, struct step *step)
{
	const char *cand[N_DEFECTS];
	struct word name = w, value;
	unsigned f, index;

	for (name.len = 0; name.len < w.len && w.p[name.len] != '='; name.len++)
		;
	for (f = 1; f < N_DEFECTS; f++) {
		cand[f] = defect_text[f];
		if (word_is(name, cand[f]))
			break;
	}
	if (f == N_DEFECTS)
		return complain_word(&in->c, "frame field", name, cand + 1, N_DEFECTS - 1);
	value.p = name.p + name.len + (name.len < w.len);
	value.len = (size_t)(w.p + w.len - value.p);
	if (parse_item(in, defect_text[f], defect_kind(f), value, &index))
		return -1;
	step->arg = (uint16_t)(f | index << 8);
	return 0;
}

/* The words that a step's argument takes: the least and the most, by its op's kind. */
static void arg_words(const struct op *op, unsigned *ret_min, unsigned *ret_max)
{
	unsigned n = op->arg == ARG_GATE ? 2 : 1;

	if (!op->text || op->arg == ARG_NONE)
		n = 0;
	*ret_max = n;
	*ret_min = op->arg == ARG_DEFECT ? 0 : n;
}

static int parse_arg(struct in *in, const struct word *w, unsigned n, struct step *step)
{
	const struct op *op = &ops[step->op];
	unsigned min, max, a = 0, b = 0;

	arg_words(op, &min, &max);
	if (n > max)
		return complain_extra(&in->c, op, w[max]);
	if (n < min)
		return complain_missing(&in->c, op);
	if (!n)
		return 0;
	if (op->arg == ARG_DEFECT)
		return parse_defect(in, w[0], step);
	if (op->arg >= ARG_LIST0) {
		if (parse_item(in, "argument", (enum arg_kind)op->arg, w[0], &a))
			return -1;
	} else if (number_or_say(in, "vector", w[0], 0xff, &a)) {
		return -1;
	}
	if (n == 2 && number_or_say(in, "second number", w[1], op->variants - 1u, &b))
		return -1;
	step->arg = (uint16_t)(a | b << 8);
	return 0;
}

static int parse_step(struct in *in, struct word *w, unsigned n)
{
	struct step step = { 0 };
	struct word value, rest[WORDS_MAX];
	unsigned i, k = 0, x;
	int raw = 0;

	if (parse_prefix(in, &w[0], &step) || parse_op(in, w[0], &step))
		return -1;
	for (i = 1; i < n; i++) {
		if (begins(w[i], "prefix=", &value)) {
			if (number_or_say(in, "prefix", value, 0xff, &x))
				return -1;
			step.prefix = (uint8_t)x;
		} else if (begins(w[i], "arg=", &value)) {
			if (number_or_say(in, "arg", value, 0xffff, &x))
				return -1;
			step.arg = (uint16_t)x;
			raw = 1;
		} else {
			rest[k++] = w[i];
		}
	}
	if (raw && k)
		return complain(&in->c, "arg= stands for the whole argument; write one of the two");
	if (!raw && parse_arg(in, rest, k, &step))
		return -1;
	if (in->seq->n_steps == STEPS_MAX)
		return complain(&in->c, "more than 64 steps; split the sequence in two");
	in->seq->step[in->seq->n_steps++] = step;
	return 0;
}

static int parse_statement(struct in *in)
{
	struct word w[WORDS_MAX];
	unsigned n = 0;
	int ret;

	while (n < WORDS_MAX && next_word(in, &w[n]))
		n++;
	if (!n)
		return 0;
	if (n == WORDS_MAX)
		return complain(&in->c, "too many words; separate steps by ';' or a new line");
	ret = word_is(w[0], "start") ? parse_start(in, w, n) : parse_step(in, w, n);
	in->started = 1;
	return ret;
}

int seq_parse(struct seq *ret_seq, const char *text, size_t len, char *err, size_t err_cap)
{
	struct seq seq;
	struct in in = { .p = text, .end = text + len, .seq = &seq };

	memset(&seq, 0, sizeof(seq));
	in.c.line = 1;
	in.c.out = err;
	in.c.cap = err_cap;
	while (1) {
		if (parse_statement(&in))
			return -1;
		if (in.p == in.end)
			break;
		in.c.line += *in.p++ == '\n';
	}
	*ret_seq = seq;
	return 0;
}
