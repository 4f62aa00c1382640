/* SPDX-License-Identifier: BSD-2-Clause */
/* The CPU under test, as it describes itself: what the model's vendor rules and SKIPs go by. */
#ifndef TW_ABI_PROFILE_H
#define TW_ABI_PROFILE_H

#include <stddef.h>
#include <stdint.h>

enum vendor { VENDOR_OTHER, VENDOR_INTEL, VENDOR_AMD };

#define FEATURES(X)                                                                                \
	X(X2APIC_MODE, "a local APIC in x2APIC mode")                                              \
	X(LA57, "5-level paging is on")                                                            \
	X(NX, "execute-disable")                                                                   \
	X(SYSCALL, "SYSCALL and SYSRET")                                                           \
	X(SEP, "SYSENTER and SYSEXIT")                                                             \
	X(PGE1G, "1 GiB pages")                                                                    \
	X(RDTSCP, "RDTSCP")                                                                        \
	X(SERIALIZE, "SERIALIZE")                                                                  \
	X(FSGSBASE, "RD/WRFSBASE, RD/WRGSBASE")                                                    \
	X(SMEP, "SMEP")                                                                            \
	X(SMAP, "SMAP")                                                                            \
	X(PKU, "protection keys")                                                                  \
	X(UMIP, "UMIP")                                                                            \
	X(MCE, "machine-check exception")                                                          \
	X(MCA, "machine-check architecture: MCG_STATUS and banks")                                 \
	X(MONITOR, "MONITOR and MWAIT")                                                            \
	X(APERF, "APERF and MPERF")                                                                \
	X(INVTSC, "invariant TSC")                                                                 \
	X(HYPERVISOR, "a hypervisor is present")                                                   \
	X(EMULATED, "an emulator is known to be underneath")                                       \
	X(FRED, "FRED")                                                                            \
	X(LKGS, "LKGS")                                                                            \
	X(UINTR, "user interrupts")                                                                \
	X(CET_SS, "shadow stacks")                                                                 \
	X(CET_IBT, "indirect-branch tracking")                                                     \
	X(CLFLUSH, "CLFLUSH")                                                                      \
	X(PCID, "process-context identifiers")                                                     \
	X(IBRS, "IBRS by IA32_SPEC_CTRL")                                                          \
	X(WRMSRNS, "WRMSRNS")                                                                      \
	X(PMU, "architectural performance counters")                                               \
	X(TSC_DEADLINE, "a local timer with a TSC deadline")                                       \
	X(RDRAND, "RDRAND")                                                                        \
	X(RTM, "transactions (XBEGIN)")                                                            \
	X(XFD, "IA32_XFD, which switches extended state off")                                      \
	X(AMX, "tiles (AMX)")                                                                      \
	X(ARAT, "a local timer that runs in every C-state")                                        \
	X(MWAIT_10, "sub-states of MWAIT hint 0x10")                                               \
	X(MWAIT_20, "sub-states of MWAIT hint 0x20")                                               \
	X(SECOND, "a second processor that sends events")

enum feature_bit {
#define X(name, words) FEAT_BIT_##name,
	FEATURES(X)
#undef X
};

#define FEAT(name) (1ull << FEAT_BIT_##name)

struct profile {
	uint8_t vendor; /* enum vendor */
	uint8_t phys_bits;
	uint8_t lin_bits;
	uint8_t pad;
	uint32_t signature; /* CPUID.1:EAX */
	uint64_t features; /* FEAT() bits */
	uint64_t cr4; /* what it holds while victims run, but for the bits that steps write (CR4_STEPS) */
	uint32_t microcode;
	uint32_t apic_id;
	char brand[48]; /* CPUID 80000002..4, NUL-padded */
	char hypervisor[16]; /* CPUID 40000000 signature, NUL-padded */
};
_Static_assert(sizeof(struct profile) == 96, "profile");

/* Neither an emulator nor a hypervisor says that it is there. */
static inline int profile_silicon(const struct profile *profile)
{
	return !(profile->features & (FEAT(EMULATED) | FEAT(HYPERVISOR)));
}

/* The FEAT() bit of a word (as above in any case); 0 when it is none. */
uint64_t profile_feature(const char *word, size_t len);

/*
 * The first of some words (features as above in any case, intel, amd) that this CPU has not, and its
 * length; NULL when it has them all. A word that is no feature is one that no CPU has.
 */
const char *profile_lacks(const struct profile *profile, const char *needs, size_t *ret_len);

#endif
