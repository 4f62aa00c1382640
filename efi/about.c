/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine beyond its CPU: what the firmware and a few registers say of it. */
#include <string.h>

#include "efi/abi/image.h"
#include "efi/abi/wire.h"
#include "efi/boot.h"
#include "efi/cpu.h"
#include "efi/profile.h"

/* Both vendors number these MSRs alike and say in CPUID whether they are there. */
static void read_mitigations(const struct profile *p, struct about *a)
{
	uint32_t last = cpuid(0, 0).eax, beyond = cpuid(0x80000000, 0).eax;
	struct cpuid l7 = last >= 7 ? cpuid(7, 0) : (struct cpuid){ 0 };
	struct cpuid e8 = beyond >= 0x80000008 ? cpuid(0x80000008, 0) : (struct cpuid){ 0 };
	int amd = p->vendor == VENDOR_AMD;

	a->spec_ctrl = a->arch_capabilities = ABOUT_NOT_KNOWN;
	/* IBRS and IBPB, STIBP, SSBD: any of them brings SPEC_CTRL */
	if ((!amd && l7.edx & (1u << 26 | 1u << 27 | 1u << 31)) || (amd && e8.ebx & (1u << 14 | 1u << 15 | 1u << 24)))
		a->spec_ctrl = rdmsr(IA32_SPEC_CTRL);
	if (!amd && l7.edx & 1u << 29)
		a->arch_capabilities = rdmsr(IA32_ARCH_CAPABILITIES);
}

/* On AMD's it is a setting of an MSR, unless CPUID says that it cannot be otherwise. */
static void read_lfence(const struct profile *p, struct about *a)
{
	uint32_t always = cpuid(0x80000000, 0).eax >= 0x80000021 ? cpuid(0x80000021, 0).eax & 1u << 2 : 0;

	a->lfence_waits = p->vendor == VENDOR_INTEL || (p->vendor == VENDOR_AMD && always);
}

static void read_counters(struct about *a)
{
	struct cpuid c = cpuid(0, 0).eax >= 0xa ? cpuid(0xa, 0) : (struct cpuid){ 0 };

	a->pmu_version = (uint8_t)c.eax;
	if (!a->pmu_version)
		return;
	a->pmu_general = (uint8_t)(c.eax >> 8);
	a->pmu_fixed = c.edx & 0x1f;
}

void about_read(const struct profile *p, struct about *ret_about)
{
	struct boot_range smbios = boot_smbios();

	memset(ret_about, 0, sizeof(*ret_about));
	ret_about->bench_build = crc32_ieee(0, bench_image, (size_t)(bench_image_end - bench_image));
	read_mitigations(p, ret_about);
	read_counters(ret_about);
	read_lfence(p, ret_about);
	if (smbios.len)
		smbios_read((const uint8_t *)(uintptr_t)smbios.base, smbios.len, ret_about);
}
