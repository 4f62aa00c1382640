/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug exceptions (SDM 3B 17.2, 17.3; APM 2 13.1): the breakpoints of DR0 to DR3, the trap that a
 * hit or a single step leaves for the next boundary, DR6, and the moves that read and write all this.
 */
#include "fuzz/cpu_state.h"

enum bp_type { BP_CODE, BP_WRITE, BP_IO, BP_ACCESS };
enum { BP_DR3 = 8 };

static unsigned enabled(const struct cpu *c)
{
	unsigned set = 0;

	for (unsigned i = 0; c->dr7 & 0xff && i < 4; i++)
		set |= (c->dr7 >> (2 * i) & 3 ? 1u : 0u) << i;
	return set;
}

static enum bp_type bp_type(const struct cpu *c, unsigned i)
{
	return (enum bp_type)(c->dr7 >> (16 + 4 * i) & 3);
}

static unsigned bp_len(const struct cpu *c, unsigned i)
{
	static const uint8_t len[4] = { 1, 2, 8, 4 };

	return len[c->dr7 >> (18 + 4 * i) & 3];
}

/* An access of a delivery in a page that has a data breakpoint, while another one waits to be reported. */
static void delivery_goes_on(struct cpu *c, uint64_t addr)
{
	unsigned set = c->db_waiting ? enabled(c) : 0;

	for (unsigned i = 0; set >> i; i++)
		if (set >> i & 1 && bp_type(c, i) != BP_CODE && !((c->dr[i] ^ addr) & ~0xfffull) &&
		    !rule(c, RULE_DATA_BP_WAITING, 1))
			unchecked(c);
}

static void meet(struct cpu *c, unsigned hits)
{
	c->db_hits |= (uint8_t)hits;
	c->db_hidden &= (uint8_t)~hits;
}

void debug_access(struct cpu *c, uint64_t addr, unsigned len, unsigned access)
{
	unsigned set = enabled(c), hits = 0;

	if (!set)
		return;
	if (access & ACC_SYSTEM)
		delivery_goes_on(c, addr);
	/* an engine that reads what is not aligned in two aligned halves finds more than was asked for */
	if (!(access & ACC_WRITE) && addr & (len - 1) && !rule(c, RULE_DATA_BP_EXACT, 1)) {
		addr &= ~(uint64_t)(len - 1);
		len *= 2;
	}
	/* or takes a write that is not aligned for two: all of the page before it, and itself */
	if (access & ACC_WRITE && addr & (len - 1) && !rule(c, RULE_DATA_BP_EXACT_WRITE, 1)) {
		len += (unsigned)(addr & 0xfff);
		addr &= ~0xfffull;
	}
	for (unsigned i = 0; set >> i; i++) {
		uint64_t size = bp_len(c, i), from = c->dr[i] & ~(size - 1);
		enum bp_type type = bp_type(c, i);

		if (!(set >> i & 1) || (type != BP_ACCESS && (type != BP_WRITE || !(access & ACC_WRITE))))
			continue;
		if (addr < from + size && from < addr + len)
			hits |= 1u << i;
	}
	for (unsigned i = 0; i < 4; i++)
		if (hits & ~(1u << i) && hits >> i & 1 && !rule(c, RULE_DATA_BP_ALL, 1))
			hits &= ~(1u << i);
	if (!hits)
		return;
	if (access & ACC_SYSTEM)
		hits = (unsigned)rule(c, RULE_DATA_BP_FRAME, hits);
	meet(c, (unsigned)rule(c, RULE_DATA_BP, hits));
}

/* Whether DR3 is on ports; no other register ever is. */
static int dr3_on_ports(const struct cpu *c)
{
	return enabled(c) & BP_DR3 && bp_type(c, 3) == BP_IO;
}

/* Whether DR3's ports have this one. Where they begin at no multiple of their number there are *no valid results*. */
static int dr3_has_port(struct cpu *c, unsigned port)
{
	uint64_t size = bp_len(c, 3), from = c->dr[3] & ~(size - 1);
	int masked = port - from < size, as_is = port - c->dr[3] < size;

	if (masked == as_is)
		return masked;
	return choose_once(c, RULE_IO_BP_UNALIGNED, 2) ? as_is : masked;
}

/* A byte goes to a port. With CR4.DE clear nobody says what that type of breakpoint is. */
void debug_io(struct cpu *c, unsigned port)
{
	if (!dr3_on_ports(c) || !dr3_has_port(c, port))
		return;
	if (!(c->cr4 & CR4_DE_BIT) && choose_once(c, RULE_IO_BP_DE, 2))
		return;
	if (rule(c, RULE_IO_BP, 1))
		meet(c, BP_DR3);
}

/* Delivery, a return or a load of a segment register reads one of the tables, or writes a bit of it. */
void debug_table(struct cpu *c, uint64_t addr, unsigned len, unsigned access)
{
	uint8_t before = c->db_hits;

	delivery_goes_on(c, addr);
	debug_access(c, addr, len, access & ACC_WRITE);
	if (c->db_hits != before && (!rule(c, RULE_DATA_BP_TABLES, 1) || choose_once(c, RULE_DATA_BP_TABLES, 2)))
		c->db_hits = before;
}

/* The breakpoints on the instruction at RIP. */
static unsigned code_hits(const struct cpu *c)
{
	uint64_t rip = c->mode64 ? c->rip : c->rip & 0xffffffff;
	unsigned set = enabled(c), hits = 0;

	for (unsigned i = 0; set >> i; i++)
		if (set >> i & 1 && bp_type(c, i) == BP_CODE && c->dr[i] == rip)
			hits |= 1u << i;
	return hits;
}

/*
 * Whether the bits of breakpoints that an earlier #DB has left go: with each kind of #DB, or only with certain ones. AMD:
 * they are replaced, but nobody says it of a single step that meets none.
 */
static int stale_goes(struct cpu *c, unsigned hits, uint64_t other)
{
	if (other & DR6_BD)
		return (int)rule(c, RULE_DR6_STALE_GD, !intel(c) || !choose_once(c, RULE_DR6_STALE_GD, 2));
	if (!intel(c) && hits)
		return 1;
	return other & DR6_BS ? !choose_once(c, RULE_DR6_STALE_STEP, 2) : !choose_once(c, RULE_DR6_STALE, 2);
}

/* DR6 as a debug exception leaves it: the bits of what was hit, and BS or BD. */
static void set_dr6(struct cpu *c, unsigned hits, uint64_t other, enum rule_id id)
{
	uint64_t stale = c->dr6 & DR6_B & ~(uint64_t)hits;

	if (stale && stale_goes(c, hits, other))
		stale = 0;
	c->dr6_rule = (uint16_t)id;
	c->dr6 = (c->dr6 & rule(c, RULE_DR6_KEPT, ~(uint64_t)DR6_B)) | stale | hits | other;
	c->dr6 = rule(c, id, c->dr6);
}

/* A hit in a string instruction: reported after the iteration, after the next one, or at the end. */
static int rep_waits(struct cpu *c)
{
	unsigned how = choose_once(c, RULE_REP_DATA_BP, 3);

	return how == 2 || (how == 1 && !c->rep_waited++);
}

/* The data breakpoints that earlier #DBs have reported: none of them is news. */
static unsigned told_before(struct cpu *c, unsigned met)
{
	unsigned told = c->db_told & ~met & enabled(c), shown = 0;

	for (unsigned i = 0; told >> i; i++)
		if (told >> i & 1 && !rule(c, RULE_DR6_NEWS, 1))
			shown |= 1u << i;
	return shown;
}

int debug_trap(struct cpu *c, int shadow_ss)
{
	unsigned hits = c->db_hits, met = hits, ports = dr3_on_ports(c) ? met & BP_DR3 : 0;
	enum rule_id id = c->db_trap ? (enum rule_id)c->db_rule : RULE_DATA_BP;

	if (!c->db_trap && (!hits || rule(c, RULE_MOVSS_DATA_BP, shadow_ss)))
		return 0;
	if (!c->db_trap && c->rep_left && rep_waits(c))
		return 0;
	c->db_hits = c->rep_waited = 0;
	/* disarmed by the very instruction that held the trap off */
	if (!c->db_trap && !(hits & enabled(c)) && choose_once(c, RULE_DATA_BP_DISARMED, 2))
		return 0;
	hits &= ~(unsigned)c->db_hidden;
	/* met it is, also where RF keeps it from being raised */
	if (code_hits(c) && choose_once(c, RULE_DR6_CODE_AHEAD, 2))
		hits |= code_hits(c);
	/* one exception for the step and the breakpoint */
	if (c->db_trap && met != ports && !rule(c, RULE_DATA_BP_ONCE, 1))
		c->db_hits = (uint8_t)(met & ~ports);
	if (c->db_trap && ports && !rule(c, RULE_IO_BP_STEP, 1))
		c->db_trap = 0;
	hits |= told_before(c, met);
	c->db_told |= (uint8_t)met;
	set_dr6(c, hits, c->db_trap ? DR6_BS : 0, c->db_trap ? RULE_DR6_SINGLE_STEP : RULE_DR6_DATA_BP);
	deliver(c, (struct event){ .vec = V_DB, .rip = c->rip, .rule = (uint16_t)id });
	return 1;
}

int debug_code(struct cpu *c, int shadow_ss)
{
	unsigned hits = code_hits(c), held = c->db_hits;

	/* between the iterations of a string instruction no instruction begins */
	if (!hits || rule(c, RULE_CODE_BP_REP, c->rep_left) || rule(c, RULE_CODE_BP_RF, (c->rflags & FL_RF) != 0))
		return 0;
	if (shadow_ss && choose_once(c, RULE_CODE_BP_MOVSS, 2))
		return 0;
	/* what MOV SS held off is part of it, one exception and not two, or as behind any fault */
	if (held && choose_once(c, RULE_DR6_CODE_MERGES, 2)) {
		debug_faulted(c, held);
		held = 0;
	}
	hits |= held | told_before(c, held);
	c->db_told |= (uint8_t)held;
	c->db_hits &= (uint8_t)~held;
	set_dr6(c, hits, 0, RULE_DR6_CODE_BP);
	deliver(c, (struct event){ .vec = V_DB, .rip = c->rip, .fault = 1, .rule = RULE_CODE_BP });
	return 1;
}

/* The instruction faults: what it or the MOV SS before it has hit is lost, or waits for the handler. */
void debug_faulted(struct cpu *c, unsigned before)
{
	unsigned own = c->db_hits & ~before;

	if (rule(c, RULE_DATA_BP_THEN_FAULT, own != 0) && own && !choose_once(c, RULE_DATA_BP_FAULT, 2))
		c->db_hits &= (uint8_t)before;
	if (c->db_hits & before && !choose_once(c, RULE_MOVSS_DATA_BP_FAULT, 2))
		c->db_hits &= (uint8_t)~before;
}

/* The transfer of INT n, INT3 or INTO begins, and a hit that MOV SS held off waits. */
void debug_int(struct cpu *c)
{
	if (!rule(c, RULE_MOVSS_DATA_BP_INT, 1))
		c->db_hits = 0;
	else if (choose_once(c, RULE_DR6_MOVSS_INT, 2))
		c->db_hidden = c->db_hits;
}

/* INT1 is that #DB itself: what MOV SS held off comes with it, or after it as after an INT n. */
void debug_int1(struct cpu *c)
{
	const unsigned hits = c->db_hits, how = hits ? choose_once(c, RULE_DR6_INT1_MERGES, 3) : 0;

	c->dr6_rule = RULE_INT1;
	if (c->dr6 & DR6_B && choose_once(c, RULE_DR6_STALE_INT1, 2))
		c->dr6 &= ~DR6_B;
	if (how < 2)
		c->db_hits = 0;
	if (hits && how == 0)
		c->dr6 = (c->dr6 & ~DR6_B) | hits;
}

static void clear_gd(struct cpu *c, enum rule_id id)
{
	if (rule(c, RULE_GENERAL_DETECT, 1))
		c->dr7 &= ~rule(c, id, DR7_GD);
}

/* A debug exception is delivered: its handler may use the debug registers. */
void debug_delivered(struct cpu *c, const struct event *ev)
{
	c->db_waiting = c->db_hits;
	if (ev->vec != V_DB || ev->soft || !(c->dr7 & DR7_GD))
		return;
	/* INT1 is no debug condition, but treated as one */
	if (ev->rule == RULE_INT1 && choose_once(c, RULE_GD_INT1, 2))
		return;
	clear_gd(c, ev->rule == RULE_GENERAL_DETECT ? RULE_GD_CLEARED : RULE_GD_CLEARED_ANY);
}

void debug_undelivered(struct cpu *c, uint64_t gd)
{
	if (gd & ~c->dr7 && choose_once(c, RULE_GD_UNDELIVERED, 2))
		c->dr7 |= gd;
}

/* The recorder looks at DR6 and DR7 behind gate 1; general detect comes in its way after INT n. */
void debug_recorder(struct cpu *c)
{
	if (!(c->dr7 & DR7_GD))
		return;
	if (!rule(c, RULE_GENERAL_DETECT, 1))
		return;
	set_dr6(c, 0, DR6_BD, RULE_DR6_GENERAL_DETECT);
	clear_gd(c, RULE_GD_CLEARED);
}

/* --- MOV DR ------------------------------------------------------------------------------------- */

/* The checks of both moves, in the order of SDM 2B MOV and of table 6-2. */
static int check_move(struct cpu *c, unsigned dr)
{
	unsigned merged;
	int detected;

	if (rule(c, RULE_DR_ABSENT, dr > 7) && (c->cpl == 0 || rule(c, RULE_DR_ORDER, 1)))
		return fault(c, V_UD, 0, RULE_DR_ABSENT);
	if (rule(c, RULE_DR_DE, (dr == 4 || dr == 5) && (c->cr4 & CR4_DE_BIT)) &&
	    (c->cpl == 0 || rule(c, RULE_DR_DE_ORDER, 1)))
		return fault(c, V_UD, 0, RULE_DR_DE);
	detected = (int)rule(c, RULE_GENERAL_DETECT, (c->dr7 & DR7_GD) != 0);
	if (!(detected && c->cpl && choose(c, RULE_DR_CPL_ORDER, 2)) && need_ring0(c, RULE_DR_CPL))
		return 1;
	if (!detected)
		return 0;
	/* what MOV SS held off comes with it, or as with any fault */
	merged = c->db_hits && choose_once(c, RULE_DR6_GD_MERGES, 2) ? c->db_hits : 0;
	c->db_hits &= (uint8_t)~merged;
	c->db_told |= (uint8_t)merged;
	set_dr6(c, merged, DR6_BD, RULE_DR6_GENERAL_DETECT);
	return fault(c, V_DB, 0, RULE_GENERAL_DETECT);
}

/*
 * A body that is left halfway and entered again can bring any value here. One that would make the
 * harness trap, in its memory or its text, is none that a step asks for.
 */
static int reaches_harness(unsigned dr, uint64_t v)
{
	const struct victim_labels *l = victim_labels();
	const struct region *r = region_of(v);

	if (dr == 7)
		return (v & DR7_TYPES) != DR7_TYPES && v & 0xff;
	if (dr > 3 || v == BP_NOWHERE)
		return 0;
	if (!r || r->flags & R_H || r->base == W_TAPE || r->base == W_LAPIC)
		return 1;
	if (r->base == W_KTEXT)
		return v < l->harness_end && (v >= l->entries_end || (v - l->stubs) % l->stub_stride);
	return r->base == W_GDT && v != W_GDT + SEL_KCS;
}

/* The number of a port is no address of anything; the harness's own are others. */
static int names_ports(unsigned dr, uint64_t v)
{
	return dr == 7 ? v == DR7_IO || v == DR7_IO4 : v >= PORT - 4 && v <= PORT + 1;
}

int act_mov_to_dr(struct cpu *c, const struct insn *in)
{
	unsigned dr = in->a; /* no body writes DR4 or DR5 */
	uint64_t v = c->mode64 ? c->reg[GPR_AX] : c->reg[GPR_AX] & 0xffffffff;

	if (check_move(c, in->a))
		return 1;
	if (rule(c, RULE_DR_HIGH, dr >= 6 && v >> 32))
		return fault(c, V_GP, 0, RULE_DR_HIGH);
	if (reaches_harness(dr, v) && !names_ports(dr, v)) {
		unchecked(c);
		return 0;
	}
	if (dr < 4)
		c->dr[dr] = v;
	else if (dr == 6)
		c->dr6 = (v & rule(c, RULE_DR6_RESERVED, DR6_B | DR6_BD | DR6_BS | DR6_BT)) | DR6_START;
	else
		c->dr7 = v | DR7_START;
	return 0;
}

int act_mov_from_dr(struct cpu *c, const struct insn *in)
{
	if (check_move(c, in->a))
		return 1;
	/* of DR6 some bits are as the machine likes */
	c->reg[GPR_AX] = in->a < 4 ? c->dr[in->a] : in->a & 1 ? c->dr7 : UNTOLD;
	return 0;
}

/* --- string instructions ------------------------------------------------------------------------ */

/* One iteration; what comes next is a boundary, and then the same instruction again. */
int act_rep_stosb(struct cpu *c, const struct insn *in)
{
	uint64_t *rcx = &c->reg[GPR_CX], *rdi = &c->reg[GPR_DI];

	(void)in;
	if (!*rcx)
		return 0;
	if (mem_write(c, *rdi, 1, ACC_READ, c->reg[GPR_AX]))
		return 1;
	*rdi += c->rflags & FL_DF ? UINT64_MAX : 1;
	if (!--*rcx && rule(c, RULE_REP_ENDS, 1))
		return 0;
	c->rip = c->insn_start;
	c->rep_left = 1;
	/* is an iteration an instruction to a shadow? */
	if (c->rep_shadow_ss && choose_once(c, RULE_REP_SHADOW, 2))
		c->shadow_ss = c->rep_shadow_ss;
	if (c->rep_shadow_sti && choose_once(c, RULE_REP_SHADOW_STI, 2))
		c->shadow_sti = c->rep_shadow_sti;
	return 0;
}
