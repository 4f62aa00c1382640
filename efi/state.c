/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/state.h"

#include <string.h>

#include "efi/abi/fmt.h"
#include "efi/abi/profile.h"

static const uint32_t msrs_base[STATE_BASES] = { IA32_FS_BASE, IA32_GS_BASE, IA32_KERNEL_GS_BASE };
static const uint32_t msrs_syscall[STATE_SYSCALL] = { IA32_STAR, IA32_LSTAR, IA32_CSTAR, IA32_FMASK };
static const uint32_t msrs_sysenter[STATE_SYSENTER] = { IA32_SYSENTER_CS, IA32_SYSENTER_ESP,
							IA32_SYSENTER_EIP };

static void read_msrs(const uint32_t *msr, uint64_t *to, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		to[i] = rdmsr(msr[i]);
}

static void write_msrs(const uint32_t *msr, const uint64_t *from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		wrmsr(msr[i], from[i]);
}

void state_read(struct state *ret_state, uint64_t features)
{
	struct state s;

	memset(&s, 0, sizeof(s));
	s.features = features;
	s.cr0 = read_cr0();
	s.cr3 = read_cr3();
	s.cr4 = read_cr4();
	s.efer = rdmsr(IA32_EFER);
	s.gdtr = sgdt();
	s.idtr = sidt();
	s.tr = str();
	s.ldtr = sldt();
	s.cs = read_cs();
	s.ds = read_ds();
	s.es = read_es();
	s.ss = read_ss();
	s.fs = read_fs();
	s.gs = read_gs();
	read_msrs(msrs_base, s.base, STATE_BASES);
	if (features & FEAT(SYSCALL))
		read_msrs(msrs_syscall, s.syscall, STATE_SYSCALL);
	if (features & FEAT(SEP))
		read_msrs(msrs_sysenter, s.sysenter, STATE_SYSENTER);
	s.dr7 = read_dr7();
	s.dr6 = read_dr6();
	s.dr[0] = read_dr0();
	s.dr[1] = read_dr1();
	s.dr[2] = read_dr2();
	s.dr[3] = read_dr3();
	*ret_state = s;
}

void state_load_msrs(const struct state *s)
{
	write_msrs(msrs_base, s->base, STATE_BASES);
	if (s->features & FEAT(SYSCALL))
		write_msrs(msrs_syscall, s->syscall, STATE_SYSCALL);
	if (s->features & FEAT(SEP))
		write_msrs(msrs_sysenter, s->sysenter, STATE_SYSENTER);
}

void state_load_debug(const struct state *s)
{
	write_dr0(s->dr[0]);
	write_dr1(s->dr[1]);
	write_dr2(s->dr[2]);
	write_dr3(s->dr[3]);
	write_dr6(s->dr6);
	write_dr7(s->dr7);
}

const char *state_differs(const struct state *a, const struct state *b, char *out, size_t cap)
{
#define PART(field, words) { offsetof(struct state, field), sizeof(a->field), words }
	static const struct {
		size_t at, len;
		const char *words;
	} parts[] = {
		PART(cr0, "CR0"), PART(cr3, "CR3"), PART(cr4, "CR4"), PART(efer, "EFER"),
		PART(gdtr, "GDTR"), PART(idtr, "IDTR"), PART(tr, "TR"), PART(ldtr, "LDTR"),
		PART(cs, "CS"), PART(ds, "DS"), PART(es, "ES"), PART(ss, "SS"), PART(fs, "FS"),
		PART(gs, "GS"), PART(base, "segment bases"), PART(syscall, "SYSCALL's MSRs"),
		PART(sysenter, "SYSENTER's MSRs"), PART(dr, "DR0 to DR3"), PART(dr6, "DR6"),
		PART(dr7, "DR7"),
	};
#undef PART
	size_t n = 0;

	out[0] = 0;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!memcmp((const char *)a + parts[i].at, (const char *)b + parts[i].at, parts[i].len))
			continue;
		if (n < cap)
			n += (size_t)fmt_print(out + n, cap - n, "%s%s", n ? ", " : "", parts[i].words);
	}
	return out;
}
