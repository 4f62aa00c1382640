/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/profile.h"

#include <string.h>

#include "efi/abi/victim.h"
#include "efi/boot.h"
#include "efi/cpu.h"

enum { MEASURE_US = 50000 };

struct leaves {
	struct cpuid l0, l1, l5, l6, l7, l7_1, la, ld_1, e0, e1, e7, e8;
};

static void read_leaves(struct leaves *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->l0 = cpuid(0, 0);
	ret->l1 = cpuid(1, 0);
	if (ret->l0.eax >= 5)
		ret->l5 = cpuid(5, 0);
	if (ret->l0.eax >= 6)
		ret->l6 = cpuid(6, 0);
	if (ret->l0.eax >= 7) {
		ret->l7 = cpuid(7, 0);
		if (ret->l7.eax >= 1)
			ret->l7_1 = cpuid(7, 1);
	}
	if (ret->l0.eax >= 0xa)
		ret->la = cpuid(0xa, 0);
	if (ret->l0.eax >= 0xd)
		ret->ld_1 = cpuid(0xd, 1);
	ret->e0 = cpuid(0x80000000, 0);
	if (ret->e0.eax >= 0x80000001)
		ret->e1 = cpuid(0x80000001, 0);
	if (ret->e0.eax >= 0x80000007)
		ret->e7 = cpuid(0x80000007, 0);
	if (ret->e0.eax >= 0x80000008)
		ret->e8 = cpuid(0x80000008, 0);
}

/* The twelve letters of a leaf, in the order the leaf has them. */
static void letters(char *out, uint32_t a, uint32_t b, uint32_t c)
{
	memcpy(out, &a, 4);
	memcpy(out + 4, &b, 4);
	memcpy(out + 8, &c, 4);
}

static uint8_t vendor_of(const struct cpuid *l0)
{
	char name[13] = { 0 };

	letters(name, l0->ebx, l0->edx, l0->ecx);
	if (!strcmp(name, "GenuineIntel"))
		return VENDOR_INTEL;
	if (!strcmp(name, "AuthenticAMD") || !strcmp(name, "HygonGenuine"))
		return VENDOR_AMD;
	return VENDOR_OTHER;
}

static uint64_t features_of(const struct leaves *l)
{
	const struct {
		uint32_t reg;
		uint8_t bit, feature;
	} rows[] = {
		{ l->e1.edx, 20, FEAT_BIT_NX },
		{ l->e1.edx, 11, FEAT_BIT_SYSCALL },
		{ l->l1.edx, 11, FEAT_BIT_SEP },
		{ l->e1.edx, 26, FEAT_BIT_PGE1G },
		{ l->e1.edx, 27, FEAT_BIT_RDTSCP },
		{ l->l7.edx, 14, FEAT_BIT_SERIALIZE },
		{ l->l7.ebx, 0, FEAT_BIT_FSGSBASE },
		{ l->l7.ebx, 7, FEAT_BIT_SMEP },
		{ l->l7.ebx, 20, FEAT_BIT_SMAP },
		{ l->l7.ecx, 3, FEAT_BIT_PKU },
		{ l->l7.ecx, 2, FEAT_BIT_UMIP },
		{ l->l1.edx, 7, FEAT_BIT_MCE },
		{ l->l1.edx, 14, FEAT_BIT_MCA },
		{ l->l1.ecx, 3, FEAT_BIT_MONITOR },
		{ l->l6.ecx, 0, FEAT_BIT_APERF },
		{ l->e7.edx, 8, FEAT_BIT_INVTSC },
		{ l->l1.ecx, 31, FEAT_BIT_HYPERVISOR },
		{ l->l7_1.eax, 17, FEAT_BIT_FRED },
		{ l->l7_1.eax, 18, FEAT_BIT_LKGS },
		{ l->l7.edx, 5, FEAT_BIT_UINTR },
		{ l->l7.ecx, 7, FEAT_BIT_CET_SS },
		{ l->l7.edx, 20, FEAT_BIT_CET_IBT },
		{ l->l1.edx, 19, FEAT_BIT_CLFLUSH },
		{ l->l1.ecx, 17, FEAT_BIT_PCID },
		{ l->l7.edx, 26, FEAT_BIT_IBRS },
		{ l->e8.ebx, 14, FEAT_BIT_IBRS },
		{ l->l7_1.eax, 19, FEAT_BIT_WRMSRNS },
		{ l->l1.ecx, 24, FEAT_BIT_TSC_DEADLINE },
		{ l->l1.ecx, 30, FEAT_BIT_RDRAND },
		{ l->l7.ebx, 11, FEAT_BIT_RTM },
		{ l->ld_1.eax, 4, FEAT_BIT_XFD },
		{ l->l7.edx, 24, FEAT_BIT_AMX },
		{ l->l6.eax, 2, FEAT_BIT_ARAT },
	};
	uint64_t found = 0;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].reg >> rows[i].bit & 1)
			found |= 1ull << rows[i].feature;
	}
	if (l->la.eax & 0xff)
		found |= FEAT(PMU);
	/* four bits for each C-state, from C0 on; the hint's upper half is one less than the state's number */
	if (l->l5.edx >> 8 & 0xf)
		found |= FEAT(MWAIT_10);
	if (l->l5.edx >> 12 & 0xf)
		found |= FEAT(MWAIT_20);
	return found;
}

/* Emulators that give their name in a CPUID leaf. */
static int emulated(const struct profile *p)
{
	return !strcmp(p->hypervisor, "TCGTCGTCGTCG") || !strcmp(p->hypervisor, "BOCHSCPU ");
}

static void read_brand(struct profile *p, uint32_t last)
{
	char brand[48] = { 0 };
	const char *text = brand;

	for (uint32_t leaf = 0x80000002; leaf <= 0x80000004 && leaf <= last; leaf++) {
		struct cpuid r = cpuid(leaf, 0);

		memcpy(brand + 16 * (leaf - 0x80000002), &r, sizeof(r));
	}
	brand[47] = 0;
	while (*text == ' ')
		text++;
	memcpy(p->brand, text, strlen(text));
}

/* The revision lies in an MSR that both vendors have; Intel fills it only after a zero and a CPUID. */
static uint32_t microcode(uint8_t vendor)
{
	uint64_t v;

	if (vendor == VENDOR_OTHER)
		return 0;
	if (vendor == VENDOR_INTEL) {
		wrmsr(IA32_BIOS_SIGN_ID, 0);
		cpuid(1, 0);
	}
	v = rdmsr(IA32_BIOS_SIGN_ID);
	return vendor == VENDOR_INTEL ? (uint32_t)(v >> 32) : (uint32_t)v;
}

uint64_t cr4_ours(uint64_t firmware, uint64_t features)
{
	const uint64_t kept = CR4_PAE | CR4_LA57 | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE | CR4_VMXE | CR4_SMXE;

	return (firmware & kept) | (features & FEAT(MCE) ? CR4_MCE : 0);
}

void profile_read(struct profile *ret_profile)
{
	struct profile p = { 0 };
	struct leaves l;

	read_leaves(&l);
	p.vendor = vendor_of(&l.l0);
	p.phys_bits = l.e8.eax ? (uint8_t)l.e8.eax : 36;
	p.lin_bits = l.e8.eax ? (uint8_t)(l.e8.eax >> 8) : 48;
	p.signature = l.l1.eax;
	p.features = features_of(&l);
	if (read_cr4() & CR4_LA57)
		p.features |= FEAT(LA57);
	else
		p.lin_bits = 48;
	p.apic_id = l.l1.ebx >> 24;
	if (rdmsr(IA32_APIC_BASE) & 1 << 10) {
		p.features |= FEAT(X2APIC_MODE);
		p.apic_id = (uint32_t)rdmsr(X2APIC_BASE + 2);
	}
	read_brand(&p, l.e0.eax);
	if (p.features & FEAT(HYPERVISOR)) {
		struct cpuid h = cpuid(0x40000000, 0);

		letters(p.hypervisor, h.ebx, h.ecx, h.edx);
	}
	if (emulated(&p))
		p.features |= FEAT(EMULATED);
	p.cr4 = cr4_ours(read_cr4(), p.features) & ~CR4_STEPS;
	p.microcode = microcode(p.vendor);
	*ret_profile = p;
}

static uint64_t measure(void)
{
	uint64_t best = UINT64_MAX;

	/* an interrupt or a pause of the host only ever makes it longer: the shortest is the truest */
	for (int i = 0; i < 3; i++) {
		uint64_t start = rdtsc(), took;

		boot_stall(MEASURE_US);
		took = rdtsc() - start;
		if (took < best)
			best = took;
	}
	return best * (1000000 / MEASURE_US);
}

uint64_t clock_hz(enum clock_source *ret_source)
{
	uint32_t last = cpuid(0, 0).eax;
	uint64_t hz;

	if (last >= 0x15) {
		struct cpuid r = cpuid(0x15, 0);

		if (r.eax && r.ebx && r.ecx) {
			*ret_source = CLOCK_CPUID15;
			return (uint64_t)r.ecx * r.ebx / r.eax;
		}
	}
	if (last >= 0x16 && (cpuid(0x16, 0).eax & 0xffff)) {
		*ret_source = CLOCK_CPUID16;
		return (uint64_t)(cpuid(0x16, 0).eax & 0xffff) * 1000000;
	}
	hz = measure();
	*ret_source = hz ? CLOCK_MEASURED : CLOCK_UNKNOWN;
	return hz;
}
