/* SPDX-License-Identifier: BSD-2-Clause */
/* report.md: all that a maintainer of the engine needs, and nothing that presumes knowledge of us. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "efi/abi/tables.h"
#include "host/finding.h"
#include "host/trace_print.h"

enum { WORD = 160 };

struct report {
	FILE *f;
	struct oracle *o;
	const struct seq *seq;
	const struct result *r;
	unsigned n_seen;
	const struct record *seen;
};

static int is_engine_death(const struct result *r)
{
	return !strncmp(r->signature, "engine.", 7);
}

/* The first line says how sure we are: by the rule's basis. */
static void head_write(struct report *p)
{
	const struct rule_info *info = &rule_info[p->r->j.rule];

	fprintf(p->f, "# %s\n\n", p->r->signature);
	if (is_engine_death(p->r)) {
		fprintf(p->f, "The emulator's own process died while it ran the guest program below.\n\n");
		return;
	}
	if (info->basis == BASIS_SOFTWARE)
		fputs("The processor did as it must. The handlers, written as `docs/styles.md` says of their style, "
		      "broke a promise: the finding is about the software.\n\n", p->f);
	else if (info->basis == BASIS_EXPLICIT || info->basis == BASIS_BY_MAKER)
		fputs("The manual says explicitly what must happen, and something else did.\n\n", p->f);
	else
		fprintf(p->f, "**The expectation is %s, not written in the manual word for word: judge it "
			"first.**\n\n", basis_name(info->basis));
	fprintf(p->f, "%s: %s\n\nManual: %s\n\n", info->name, info->words,
		rule_manual(p->r->j.rule, p->o->profile));
}

static void cell(FILE *f, const char *text, int differs)
{
	fprintf(f, differs ? " **%s** |" : " %s |", text);
}

/* The first record that differs, field by field. */
static void fields_write(struct report *p)
{
	const struct judgement *j = &p->r->j;
	char a[WORD], b[WORD];

	if (!p->r->has_observed || j->record >= p->n_seen || j->record >= j->trace.n)
		return;
	const struct record *said = &j->trace.rec[j->record], *seen = &p->seen[j->record];
	fprintf(p->f, "### Event %u, field by field\n\n| | field | expected | observed |\n|---|---|---|---|\n",
		j->record);
	for (enum record_field f = 0; f < F_COUNT; f++) {
		int differs = field_value(said, f) != field_value(seen, f);
		if (!field_value(said, f) && !field_value(seen, f))
			continue;
		fprintf(p->f, "| %s | %s |", f == j->field ? "first difference ->" : "", field_name(f));
		cell(p->f, field_words(said, f, a, sizeof(a)), differs);
		cell(p->f, field_words(seen, f, b, sizeof(b)), differs);
		fputc('\n', p->f);
	}
	fputc('\n', p->f);
}

static void events_write(struct report *p)
{
	const struct trace *t = &p->r->j.trace;
	char a[4 * WORD], b[4 * WORD];

	fputs("## What should happen, and what did\n\nEvents in the order in which their handlers were "
	      "entered.\n\n| | expected | observed |\n|---|---|---|\n", p->f);
	for (unsigned i = 0; i < t->n || i < p->n_seen; i++) {
		int same = i < t->n && i < p->n_seen && !memcmp(&t->rec[i], &p->seen[i], sizeof(*p->seen));
		int first = p->r->has_observed && i == p->r->j.record;
		fprintf(p->f, "| %u%s |", i, first ? " **first difference**" : "");
		cell(p->f, i < t->n ? record_words(&t->rec[i], a, sizeof(a)) : "-", !same && first);
		cell(p->f, i < p->n_seen ? record_words(&p->seen[i], b, sizeof(b)) : "-", !same && first);
		fputc('\n', p->f);
	}
	fprintf(p->f, "| end | %s | %s |\n\n", outcome_name((enum outcome)t->outcome),
		is_engine_death(p->r) ? "the emulator died" : outcome_name(p->r->outcome));
	fields_write(p);
}

static void program_write(struct report *p)
{
	fputs("## What ran\n\nThe guest is a UEFI application with its own descriptor tables. Steps run one "
	      "after the other; when one raises an\nevent, the next runs inside that event's handler, in ring "
	      "0, and `ret.*` leaves the handler. Each step is a fixed\npiece of code, and `jmp [rsi+tape]` "
	      "goes on to the next.\n\n", p->f);
	seq_write(p->f, p->seq, "    ");
	fputs("\nMachine instructions, with linear addresses:\n\n", p->f);
	steps_write_code(p->f, p->seq, p->seen, p->n_seen);
	fputc('\n', p->f);
}

static void tables_write(struct report *p)
{
	static const char *const layout[N_LAYOUT] = {
		[LAYOUT_PLAIN] = "#DF on IST1, no other gate has an IST",
		[LAYOUT_LINUX] = "#DF on IST1, NMI on IST2, #DB on IST3, #MC on IST4",
		[LAYOUT_SHARED] = "#DF on IST1; NMI, #DB, #BP and #PF all on IST2",
	};

	fprintf(p->f, "## Tables at the start\n\n"
		"    CS    ring 0 0x%02x, ring 3 64-bit 0x%02x, ring 3 compatibility 0x%02x\n"
		"    SS    ring 0 0x%02x, ring 3 0x%02x\n"
		"    GDT   limit 0x%x; TSS selector 0x%02x\n"
		"    IDT   limit 0x%x, interrupt gates of DPL 0 but #BP, #OF and 0x80 (DPL 3)\n"
		"    IST   %s\n\n",
		SEL_KCS, SEL_UCS, SEL_UCS32, SEL_KDS, SEL_UDS, GDT_LIMIT, SEL_TSS, IDT_LIMIT,
		layout[p->seq->layout % N_LAYOUT]);
	if (p->r->registers[0])
		fprintf(p->f, "Registers when the machine was stopped:\n\n```\n%s\n```\n\n",
			p->r->registers);
}

static void gate_line(FILE *f, const struct model_state *s, unsigned vector)
{
	const uint8_t *g = s->idt + 16 * vector;
	uint64_t offset = g[0] | g[1] << 8 | (uint64_t)g[6] << 16 | (uint64_t)g[7] << 24;

	fprintf(f, "    gate %u  offset 0x%" PRIx64 "  selector 0x%02x  IST %u  type %u  DPL %u  %s\n", vector, offset,
		g[2] | g[3] << 8, g[4] & 7, g[5] & 15, g[5] >> 5 & 3, g[5] & 0x80 ? "present" : "not present");
}

/* Registers and gates before the instruction that led to the first difference, as the manual has them. */
static void state_write(struct report *p)
{
	static const char *const name[16] = { "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
					      "R8",  "R9",  "R10", "R11", "R12", "R13", "R14", "R15" };
	static struct model_state s;
	const struct judgement *j = &p->r->j;
	unsigned expected = 256, observed = 256;

	if (is_engine_death(p->r))
		return;
	model_state_at(p->seq, p->o->profile, &j->trace.path, j->record, &s);
	fprintf(p->f, "## At the failing step\n\nThe machine before the instruction that leads to the first "
		"difference, as the manual has it until there.\n\n"
		"    RIP 0x%" PRIx64 "  RFLAGS 0x%" PRIx64 "  CS 0x%02x  SS 0x%02x  CPL %u\n", s.rip, s.rflags, s.cs,
		s.ss, s.cpl);
	for (unsigned i = 0; i < 16; i++) {
		if (i < 8 || s.reg[i]) /* no body uses more than the first of the others */
			fprintf(p->f, "    %-3s 0x%016" PRIx64 "\n", name[i], s.reg[i]);
	}
	fprintf(p->f, "    CR0 0x%" PRIx64 "  CR2 0x%" PRIx64 "  DR6 0x%" PRIx64 "  EFER 0x%" PRIx64 "\n"
		"    LSTAR 0x%" PRIx64 "  FMASK 0x%" PRIx64 "  GS base 0x%" PRIx64 "  KERNEL_GS_BASE 0x%" PRIx64 "\n"
		"    NMIs %s%s\n", s.cr0, s.cr2, s.dr6, s.efer, s.lstar, s.fmask, s.gs_base, s.kernel_gs_base,
		s.nmi_blocked ? "blocked" : "not blocked", s.nmi_pending ? ", one pending" : "");
	if (j->record < j->trace.n && j->trace.rec[j->record].entry == ENTRY_IDT)
		expected = j->trace.rec[j->record].vector;
	if (p->r->has_observed && j->record < p->n_seen && p->seen[j->record].entry == ENTRY_IDT)
		observed = p->seen[j->record].vector;
	if (expected < 256)
		gate_line(p->f, &s, expected);
	if (observed < 256 && observed != expected)
		gate_line(p->f, &s, observed);
	fputc('\n', p->f);
}

static void versions_write(struct report *p, const struct finding_source *source, int has_log)
{
	const struct profile *cpu = p->o->profile;
	const struct msg_hello *hello = engine_hello(p->o->engine);

	fprintf(p->f, "## Seen on\n\n- %s\n- CPU: %.48s (CPUID signature 0x%" PRIx32 ")\n- firmware: %.32s\n"
		"- command line: `%s`\n- it came %d times of %d, each from a fresh state\n\n",
		engine_version(p->o->engine), cpu->brand, cpu->signature, hello->firmware,
		engine_command_line(p->o->engine), CONFIRM_TIMES, CONFIRM_TIMES);
	fprintf(p->f, "## Again\n\n`./replay.sh` runs it again (engine `%s`): exit status 0 when the CPU does "
		"what the manual says, 1 when it\ndiffers, 125 when that cannot be told. `QEMU=./my/qemu "
		"./replay.sh` tries another build, and `git bisect run` can use it.\n", source->spec);
	if (has_log)
		fputs("`repro.log` is the emulator's own log of the events of one such run.\n", p->f);
}

int report_write(const char *path, struct oracle *o, const struct finding_source *source,
		 const struct seq *seq, const struct result *r, int has_log)
{
	struct report p = { .f = fopen(path, "w"), .o = o, .seq = seq, .r = r };
	if (!p.f)
		return -1;

	p.seen = result_observed(r, &p.n_seen);
	head_write(&p);
	events_write(&p);
	program_write(&p);
	state_write(&p);
	tables_write(&p);
	versions_write(&p, source, has_log);
	return fclose(p.f) ? -1 : 0;
}
