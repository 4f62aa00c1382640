/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model's clock: the boundary between two instructions (model_pending.c), and then the instruction.
 * Rules and choices are here too.
 */
#include "fuzz/cpu_state.h"

enum { INSNS_MAX = 20000 };

const struct rule_info rule_info[N_RULES] = {
#define RULE(name, basis, intel_ref, amd_ref, words)                                               \
	[RULE_##name] = { #name, BASIS_##basis, intel_ref, amd_ref, words },
#include "fuzz/rules.def"
#undef RULE
};

/*
 * When an event that is on its way arrives an engine decides by where its pieces of code end, the same way each time.
 * Instructions that share a slot cost a search, nothing else.
 */
static unsigned habit_at(const struct cpu *c, enum rule_id id)
{
	return (((uint32_t)c->rip * 0x9e3779b1u ^ id * 0x85ebca6bu) >> 16) % HABITS_AT;
}

static unsigned habit_of(const struct overlay *o, enum rule_id id, unsigned at)
{
	return o->habit_at[at] ? o->habit_at[at] - 1u : o->habit[id];
}

unsigned choose(struct cpu *c, enum rule_id id, unsigned n)
{
	struct path *p = &c->out->path;
	unsigned at = habit_at(c, id), habit = c->overlay ? habit_of(c->overlay, id, at) : 0, branch, taken;

	if (p->n >= CHOICES_MAX) {
		/* a loop through an open question: nobody can try all of that */
		unchecked(c);
		return habit % n;
	}
	branch = p->n < c->path->n && c->path->branch[p->n] < n ? c->path->branch[p->n] : 0;
	taken = (habit + branch) % n;
	p->branch[p->n] = (uint8_t)branch;
	p->taken[p->n] = (uint8_t)taken;
	p->rule[p->n] = (uint16_t)id;
	p->at[p->n] = (uint16_t)at;
	p->of[p->n++] = (uint8_t)n;
	return taken;
}

/* A rule or choice that cites no section does not build. */
#define RULE(name, basis, intel_ref, amd_ref, words)                                               \
	_Static_assert(sizeof(intel_ref) > 1 || sizeof(amd_ref) > 1, #name " has no section");
#include "fuzz/rules.def"
#undef RULE

unsigned choose_once(struct cpu *c, enum rule_id id, unsigned n)
{
	if (!c->chosen[id])
		c->chosen[id] = (uint8_t)(1 + choose(c, id, n));
	return c->chosen[id] - 1u;
}

uint64_t rule_overlaid(struct cpu *c, enum rule_id id, uint64_t value)
{
	uint64_t v = value;

	for (unsigned i = c->overlaid[id] - 1u; i < c->overlaid_end[id]; i++) {
		struct overlay_line *o = &c->overlay->line[i];

		if (o->rule != id || o->unless & c->profile->features || (o->vendor && o->vendor != c->profile->vendor) ||
		    (o->vector >= 0 && (c->vec < o->vector || c->vec > o->vector + o->more)))
			continue;
		if (o->kills && v && !(o->maybe && !choose(c, id, 2))) {
			o->uses++;
			c->out->dies = c->out->unchecked = 1;
			end_run(c, OUTCOME_DONE, id);
		}
		if (((v & o->and) ^ o->xor) == v || (o->maybe && !choose(c, id, 2)))
			continue;
		v = (v & o->and) ^ o->xor;
		o->uses += v != value;
	}
	return v;
}

int path_next(struct path *path)
{
	while (path->n) {
		if (++path->branch[path->n - 1] < path->of[path->n - 1])
			return 1;
		path->n--;
	}
	return 0;
}

int fault(struct cpu *c, unsigned vec, uint64_t err, enum rule_id id)
{
	c->raise = (struct event){
		.vec = (uint8_t)vec,
		.fault = 1,
		.has_err = vec == V_DF || (vec >= V_TS && vec <= V_PF) || vec == V_AC || vec == V_CP ||
			   vec == V_VC || vec == V_SX,
		.err = err,
		.rule = (uint16_t)id,
	};
	return 1;
}

int one_of(struct cpu *c, const struct event *met, unsigned n)
{
	c->raise = met[n > 1 ? choose(c, RULE_FAULT_ORDER, n) : 0];
	return 1;
}

int or_else(struct cpu *c, struct event first, int also)
{
	const struct event met[2] = { first, c->raise };

	return one_of(c, met, also ? 2 : 1);
}

int need_ring0(struct cpu *c, enum rule_id id)
{
	return rule(c, id, c->cpl != 0) ? fault(c, V_GP, 0, id) : 0;
}

/* --- one instruction --------------------------------------------------------------------------- */

/* Whether a single-step trap follows the instruction that just ended, SDM 3B 17.3.1.4. */
static void single_step(struct cpu *c, unsigned kind, int tf_before, int dropped_ss, int cast_sti)
{
	int tf = tf_before;

	c->db_rule = RULE_SINGLE_STEP;
	if (c->halted) {
		c->db_rule = RULE_HLT_SINGLE_STEP;
	} else if (kind == INSN_PAUSE || kind == INSN_HOSTWAIT || kind == INSN_MWAIT) {
		c->db_rule = RULE_PAUSE_SINGLE_STEP;
	} else if (kind == INSN_SYSCALL || kind == INSN_SYSRET || kind == INSN_SYSENTER || kind == INSN_SYSEXIT) {
		c->db_rule = RULE_SINGLE_STEP_SYSCALL;
		if (rule(c, RULE_SINGLE_STEP_AFTER, 1))
			tf = (c->rflags & FL_TF) != 0;
	}
	if (!rule(c, (enum rule_id)c->db_rule, tf && !c->shadow_ss))
		return;
	/* each kind of event that a shadow holds off is promised, or not, by itself */
	if (dropped_ss && choose(c, RULE_SHADOW_CHAINED_TRAP, 2))
		return;
	/*
	 * AMD: certain debug traps may wait as well. A shadow that lasts for all of a string instruction need not hold
	 * off the steps in it.
	 */
	if (cast_sti && !rule(c, RULE_SINGLE_STEP_STI, intel(c) || !choose(c, RULE_SINGLE_STEP_STI, 2)) &&
	    !(c->rep_left && choose(c, RULE_REP_SHADOW_STI, 2)))
		return;
	c->db_trap = 1;
}

static void run_entry(struct cpu *c)
{
	const struct victim_labels *l = victim_labels();
	uint64_t rip = c->rip;

	c->rflags &= ~(uint64_t)FL_RF;
	if (c->rflags & FL_TF) {
		/* ENDBR64 is single-stepped, and the trap comes in harness text */
		c->rip += 4;
		c->db_trap = 1;
		c->db_rule = RULE_SINGLE_STEP;
		return;
	}
	if (c->shadowed && c->rflags & FL_IF && irq_ready(c) >= 0) {
		/* only in an engine: it comes one instruction late, in harness text, too */
		c->rip += 4;
		return;
	}
	if (rip == l->entry_syscall)
		record_entry(c, ENTRY_SYSCALL, 0);
	else if (rip == l->entry_syscall32)
		record_entry(c, ENTRY_SYSCALL32, 0);
	else if (rip == l->entry_sysenter)
		record_entry(c, ENTRY_SYSENTER, 0);
	else
		record_entry(c, ENTRY_IDT, (unsigned)((rip - l->stubs) / l->stub_stride));
}

static void take_fault(struct cpu *c, unsigned hits)
{
	struct event ev = c->raise;

	not_loaded(c);
	debug_faulted(c, hits);
	c->rip = ev.rip = c->insn_start;
	deliver(c, ev);
}

static void one_instruction(struct cpu *c)
{
	const struct insn *in;
	unsigned mode = c->mode64 ? INSN_MODE64 : INSN_MODE32, hits = c->db_hits;
	int tf, cast_sti, dropped_ss = 0;

	c->insn_start = c->rip;
	c->vec = 0;
	c->db_waiting = 0;
	c->rep_left = 0;
	c->marks = 0;
	if (is_entry(c->rip) && c->cpl == 0) {
		run_entry(c);
		return;
	}
	if (mem_fetch(c, c->rip)) {
		take_fault(c, hits);
		return;
	}
	in = victim_insn(c->rip);
	if (!in || !(in->len & mode) || c->code16) {
		/* text of another mode, or no instruction's beginning: nobody can say what comes */
		unchecked(c);
		return;
	}
	if (c->rf_before)
		c->rflags &= ~(uint64_t)rule(c, RULE_RF_CLEARED, FL_RF);
	if (needs_untold(c, in)) {
		unchecked(c);
		return;
	}
	tf = (c->rflags & FL_TF) != 0;
	c->delivered = 0;
	if (execute(c, in)) {
		take_fault(c, hits);
		return;
	}
	cast_sti = c->shadow_sti;
	/* of several shadows in a row only the first one is promised */
	if (!c->rep_left && (c->shadow_ss || c->shadow_sti) && c->shadowed &&
	    choose(c, RULE_SHADOW_CHAINED, 2)) {
		dropped_ss = c->shadow_ss;
		c->shadow_ss = c->shadow_sti = 0;
	}
	if (!c->delivered)
		single_step(c, in->kind, tf, dropped_ss, cast_sti);
}

/* --- a run ------------------------------------------------------------------------------------- */

/* What is left when the run is over: one IRETQ opens NMIs, every interrupt is let in. */
static void late(struct cpu *c)
{
	struct record *r = &c->out->rec[c->out->n];
	uint16_t *why = c->out->why[c->out->n++];

	*r = (struct record){ .entry = ENTRY_LATE, .err = c->nmi_pending || c->nmi_flight, .rip = c->irr };
	if (c->needs & ASYNC) {
		r->cs = c->isr;
		r->ss = c->tpr;
	}
	if (c->needs & MCHECK)
		r->rsp = c->mcg_status;
	for (unsigned f = 0; f < F_COUNT; f++)
		why[f] = RULE_LATE_IRQ;
	why[F_err] = RULE_NMI_LATCH;
	why[F_cs] = RULE_IRQ;
	why[F_ss] = RULE_APIC_TPR;
	why[F_rsp] = RULE_MC_STATUS;
}

static int differs(const struct cpu *c, unsigned i)
{
	return c->observed && (i >= c->n_observed || memcmp(&c->out->rec[i], &c->observed[i],
							     sizeof(struct record)) != 0);
}

void model_run(const struct seq *seq, const struct profile *profile, struct overlay *overlay,
	       const struct path *path, const struct record *observed, unsigned n_observed,
	       struct trace *ret_trace)
{
	static struct cpu cpu; /* a guest's stack is too small for it, and nobody runs two at a time */
	struct cpu *c = &cpu;
	unsigned seen = 0;

	memset(c, 0, offsetof(struct cpu, tape));
	memset(ret_trace, 0, sizeof(*ret_trace));
	c->profile = profile;
	c->overlay = overlay;
	c->path = path;
	c->out = ret_trace;
	c->observed = observed;
	c->n_observed = n_observed;
	for (unsigned i = 0; overlay && i < overlay->n; i++) {
		unsigned id = overlay->line[i].rule;

		c->overlaid_end[id] = (uint16_t)(i + 1);
		if (!c->overlaid[id])
			c->overlaid[id] = c->overlaid_end[id];
	}
	model_start(c, seq);
	while (!c->done && ret_trace->insns < INSNS_MAX) {
		ret_trace->insns++;
		/* an entry's first instruction belongs to the delivery that led there */
		if (state_watched && !(is_entry(c->rip) && !c->cpl))
			state_keep(c);
		if (!boundary(c))
			one_instruction(c);
		if (ret_trace->n > seen && differs(c, seen++))
			return;
	}
	if (!c->done)
		end_run(c, OUTCOME_HANG, RULE_HANG);
	if (ret_trace->outcome == OUTCOME_DONE && !ret_trace->unchecked)
		late(c);
}

void model_predict(const struct seq *seq, const struct profile *profile, struct overlay *overlay,
		   const struct path *path, struct trace *ret_trace)
{
	static const struct path none;

	for (unsigned i = 0; overlay && i < overlay->n; i++)
		overlay->line[i].uses = 0;
	model_run(seq, profile, overlay, path ? path : &none, NULL, 0, ret_trace);
}
