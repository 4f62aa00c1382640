/* SPDX-License-Identifier: BSD-2-Clause */
/* The modelled machine as it was before a record came about: for reports, not for predictions. */
#include "fuzz/cpu_state.h"

/* Whom model_state_at() wants told, and until when. */
int state_watched;

static struct {
	struct model_state *to;
	unsigned record;
	uint32_t *count; /* instead: how often anybody asked, by record */
} watch;

void state_keep(const struct cpu *c)
{
	struct model_state *s = watch.to;

	if (watch.count) {
		watch.count[c->out->n]++;
		return;
	}
	if (c->out->n > watch.record)
		return;
	memcpy(s->reg, c->reg, sizeof(s->reg));
	memcpy(s->idt, c->idt, sizeof(s->idt));
	s->rip = c->rip;
	s->rflags = c->rflags;
	s->cr0 = c->cr0;
	s->cr2 = c->cr2;
	s->dr6 = c->dr6;
	s->efer = c->efer;
	s->lstar = c->lstar;
	s->fmask = c->fmask;
	s->gs_base = c->gs;
	s->kernel_gs_base = c->kgs;
	s->cs = c->cs;
	s->ss = c->ss;
	s->cpl = c->cpl;
	s->nmi_blocked = c->nmi_blocked;
	s->nmi_pending = c->nmi_pending;
}

void model_state_at(const struct seq *seq, const struct profile *profile, const struct path *path,
		    unsigned record, struct model_state *ret_state)
{
	static struct trace t;
	struct path same = *path;

	/* without the machine's habits a branch is what it came to */
	memcpy(same.branch, path->taken, sizeof(same.branch));
	memset(ret_state, 0, sizeof(*ret_state));
	watch.to = ret_state;
	watch.record = record;
	state_watched = 1;
	model_predict(seq, profile, NULL, &same, &t);
	state_watched = 0;
}

void model_count(const struct seq *seq, const struct profile *profile, struct overlay *overlay,
		 struct trace *ret_trace, uint32_t count[RECORDS_MAX + 1])
{
	watch.count = count;
	state_watched = 1;
	model_predict(seq, profile, overlay, NULL, ret_trace);
	state_watched = 0;
	watch.count = NULL;
}
