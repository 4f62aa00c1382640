/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz/complain.h"

#include <string.h>

/* The longest word that spelling is helped with. */
enum { SPELL_MAX = 24, SHOW_MAX = 32 };

static void say_char(struct complaint *c, char ch)
{
	if (c->n + 1 < c->cap)
		c->out[c->n++] = ch;
}

static void say(struct complaint *c, const char *s)
{
	while (*s)
		say_char(c, *s++);
}

static void say_dec(struct complaint *c, unsigned value)
{
	if (value >= 10)
		say_dec(c, value / 10);
	say_char(c, (char)('0' + value % 10));
}

/* Quoted; what is not printable shows as '?', since it ends on a terminal. */
static void say_word(struct complaint *c, struct word w)
{
	size_t i;

	say_char(c, '"');
	for (i = 0; i < w.len && i < SHOW_MAX; i++)
		say_char(c, w.p[i] >= ' ' && w.p[i] <= '~' ? w.p[i] : '?');
	say(c, w.len > SHOW_MAX ? "...\"" : "\"");
}

static void begin(struct complaint *c)
{
	c->n = 0;
	say(c, "line ");
	say_dec(c, c->line);
	say(c, ": ");
}

static int end(struct complaint *c)
{
	if (c->cap)
		c->out[c->n] = 0;
	return -1;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Letters to insert, drop, change or swap with their neighbour to make one of the other. */
static unsigned distance(struct word a, const char *b)
{
	unsigned d[SPELL_MAX + 1][SPELL_MAX + 1];
	unsigned i, j, nb = (unsigned)strlen(b), na = (unsigned)a.len;

	if (na > SPELL_MAX || nb > SPELL_MAX)
		return SPELL_MAX;
	for (i = 0; i <= na; i++)
		d[i][0] = i;
	for (j = 0; j <= nb; j++)
		d[0][j] = j;
	for (i = 1; i <= na; i++) {
		for (j = 1; j <= nb; j++) {
			unsigned best = d[i - 1][j - 1] + (a.p[i - 1] != b[j - 1]);

			best = least(best, least(d[i - 1][j], d[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a.p[i - 1] == b[j - 2] && a.p[i - 2] == b[j - 1])
				best = least(best, d[i - 2][j - 2] + 1);
			d[i][j] = best;
		}
	}
	return d[na][nb];
}

/* The candidate that w most likely means, or NULL. */
static const char *nearest(struct word w, const char *const *cand, unsigned n)
{
	const char *best = NULL;
	unsigned i, best_d = w.len < 4 ? 2 : 3;

	for (i = 0; i < n; i++) {
		unsigned d = distance(w, cand[i]);

		/* A word that shares no letter is no misspelling. */
		if (d < best_d && d < w.len) {
			best_d = d;
			best = cand[i];
		}
	}
	return best;
}

static void say_all(struct complaint *c, const char *const *cand, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		say(c, i ? " " : "");
		say(c, cand[i]);
	}
}

int complain(struct complaint *c, const char *words)
{
	begin(c);
	say(c, words);
	return end(c);
}

int complain_word(struct complaint *c, const char *what, struct word w, const char *const *cand,
		  unsigned n)
{
	const char *best = nearest(w, cand, n);

	begin(c);
	say(c, "unknown ");
	say(c, what);
	say(c, " ");
	say_word(c, w);
	if (best) {
		say(c, "; did you mean \"");
		say(c, best);
		say(c, "\"?");
	} else {
		say(c, "; write one of: ");
		say_all(c, cand, n);
	}
	return end(c);
}

int complain_number(struct complaint *c, const char *what, struct word w, unsigned max)
{
	begin(c);
	say_word(c, w);
	say(c, " is no number for ");
	say(c, what);
	say(c, "; write 0 to ");
	say_dec(c, max);
	say(c, ", decimal or 0x...");
	return end(c);
}

static void say_form(struct complaint *c, const struct op *op)
{
	unsigned i;

	say(c, op->text ? op->text : "an op by number");
	switch (op->arg) {
	case ARG_NONE:
		say(c, op->text ? " takes no argument" : " takes only prefix= and arg=");
		break;
	case ARG_VECTOR:
		say(c, " takes one vector, as in: int 0x80");
		break;
	case ARG_GATE:
		say(c, " takes a vector and a number, as in: ");
		say(c, op->text);
		say(c, " 14 1");
		break;
	case ARG_DEFECT:
		say(c, " takes nothing or one of rip= cs= fl= rsp= ss=, as in: ");
		say(c, op->text);
		say(c, " rip=nc");
		break;
	default:
		say(c, " takes one of: ");
		for (i = 0; i < list_len((enum arg_kind)op->arg); i++) {
			say(c, i ? " " : "");
			say(c, list_item((enum arg_kind)op->arg, i));
		}
	}
}

int complain_extra(struct complaint *c, const struct op *op, struct word w)
{
	begin(c);
	say_word(c, w);
	say(c, " is too much: ");
	say_form(c, op);
	say(c, "; separate steps by ';' or a new line");
	return end(c);
}

int complain_missing(struct complaint *c, const struct op *op)
{
	begin(c);
	say(c, "argument missing: ");
	say_form(c, op);
	return end(c);
}
