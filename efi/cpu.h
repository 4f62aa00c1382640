/* SPDX-License-Identifier: BSD-2-Clause */
/* One inline for each privileged or system instruction, named as in the manual. */
#ifndef TW_CPU_H
#define TW_CPU_H

#include <stdint.h>

enum msr {
	IA32_MCG_STATUS = 0x17a,
	IA32_MC1_STATUS = 0x405,
	IA32_APIC_BASE = 0x1b,
	IA32_SPEC_CTRL = 0x48,
	IA32_BIOS_SIGN_ID = 0x8b,
	IA32_ARCH_CAPABILITIES = 0x10a,
	IA32_SYSENTER_CS = 0x174,
	IA32_SYSENTER_ESP = 0x175,
	IA32_SYSENTER_EIP = 0x176,
	IA32_XFD = 0x1c4,
	IA32_XFD_ERR = 0x1c5,
	IA32_U_CET = 0x6a0,
	IA32_S_CET = 0x6a2,
	IA32_PL0_SSP = 0x6a4,
	IA32_PL3_SSP = 0x6a7,
	IA32_TSC_DEADLINE = 0x6e0,
	X2APIC_BASE = 0x800,
	IA32_EFER = 0xc0000080,
	IA32_STAR = 0xc0000081,
	IA32_LSTAR = 0xc0000082,
	IA32_CSTAR = 0xc0000083,
	IA32_FMASK = 0xc0000084,
	IA32_FS_BASE = 0xc0000100,
	IA32_GS_BASE = 0xc0000101,
	IA32_KERNEL_GS_BASE = 0xc0000102,
};

enum cr_bit {
	CR0_MP = 1 << 1,
	CR0_EM = 1 << 2,
	CR0_TS = 1 << 3,
	CR0_NE = 1 << 5,
	CR0_WP = 1 << 16,
	CR0_AM = 1 << 18,
	CR4_PAE = 1 << 5,
	CR4_DE = 1 << 3,
	CR4_MCE = 1 << 6,
	CR4_PGE = 1 << 7,
	CR4_OSFXSR = 1 << 9,
	CR4_OSXMMEXCPT = 1 << 10,
	CR4_LA57 = 1 << 12,
	CR4_VMXE = 1 << 13,
	CR4_SMXE = 1 << 14,
	CR4_FSGSBASE = 1 << 16,
	CR4_OSXSAVE = 1 << 18,
	CR4_CET = 1 << 23,
	EFER_SCE = 1 << 0,
	EFER_NXE = 1 << 11,
	RFLAGS_IF = 1 << 9,
};

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* The operand of LGDT and LIDT. */
struct table_reg {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

static inline void lfence(void)
{
	__asm__ volatile("lfence" : : : "memory");
}

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

#define CPU_READ_WRITE(reg)                                                                        \
	static inline uint64_t read_##reg(void)                                                    \
	{                                                                                          \
		uint64_t v;                                                                        \
		__asm__ volatile("mov %%" #reg ", %0" : "=r"(v) : : "memory");                     \
		return v;                                                                          \
	}                                                                                          \
	static inline void write_##reg(uint64_t v)                                                 \
	{                                                                                          \
		__asm__ volatile("mov %0, %%" #reg : : "r"(v) : "memory");                         \
	}
CPU_READ_WRITE(cr0)
CPU_READ_WRITE(cr2)
CPU_READ_WRITE(cr3)
CPU_READ_WRITE(cr4)
CPU_READ_WRITE(cr8)
CPU_READ_WRITE(dr0)
CPU_READ_WRITE(dr1)
CPU_READ_WRITE(dr2)
CPU_READ_WRITE(dr3)
CPU_READ_WRITE(dr6)
CPU_READ_WRITE(dr7)
#undef CPU_READ_WRITE

/* Segment registers as they read; the loads of DS, ES, SS, FS and GS. CS goes by far_cs(). */
#define CPU_SEGMENT(reg)                                                                           \
	static inline uint16_t read_##reg(void)                                                    \
	{                                                                                          \
		uint16_t v;                                                                        \
		__asm__ volatile("mov %%" #reg ", %0" : "=rm"(v));                                 \
		return v;                                                                          \
	}                                                                                          \
	static inline void write_##reg(uint16_t v)                                                 \
	{                                                                                          \
		__asm__ volatile("mov %0, %%" #reg : : "r"((uint32_t)v) : "memory");               \
	}
CPU_SEGMENT(ds)
CPU_SEGMENT(es)
CPU_SEGMENT(ss)
CPU_SEGMENT(fs)
CPU_SEGMENT(gs)
#undef CPU_SEGMENT

static inline uint16_t read_cs(void)
{
	uint16_t v;

	__asm__ volatile("mov %%cs, %0" : "=rm"(v));
	return v;
}

/* A far return to the next instruction: the one way to load CS that every CPU has in 64-bit mode. */
static inline void far_cs(uint16_t sel)
{
	uint64_t to;

	__asm__ volatile("lea 1f(%%rip), %0\n\t"
			 "push %1\n\t"
			 "push %0\n\t"
			 "lretq\n"
			 "1:"
			 : "=&r"(to)
			 : "r"((uint64_t)sel)
			 : "memory");
}

static inline struct table_reg sgdt(void)
{
	struct table_reg r;

	__asm__ volatile("sgdt %0" : "=m"(r));
	return r;
}

static inline struct table_reg sidt(void)
{
	struct table_reg r;

	__asm__ volatile("sidt %0" : "=m"(r));
	return r;
}

static inline void lgdt(const struct table_reg *r)
{
	__asm__ volatile("lgdt %0" : : "m"(*r) : "memory");
}

static inline void lidt(const struct table_reg *r)
{
	__asm__ volatile("lidt %0" : : "m"(*r) : "memory");
}

static inline uint16_t str(void)
{
	uint16_t v;

	__asm__ volatile("str %0" : "=rm"(v));
	return v;
}

static inline void ltr(uint16_t sel)
{
	__asm__ volatile("ltr %0" : : "r"(sel) : "memory");
}

static inline uint16_t sldt(void)
{
	uint16_t v;

	__asm__ volatile("sldt %0" : "=rm"(v));
	return v;
}

static inline void lldt(uint16_t sel)
{
	__asm__ volatile("lldt %0" : : "r"(sel) : "memory");
}

static inline void fninit(void)
{
	__asm__ volatile("fninit" : : : "memory");
}

static inline void fldcw(uint16_t v)
{
	__asm__ volatile("fldcw %0" : : "m"(v));
}

static inline uint16_t fnstcw(void)
{
	uint16_t v;

	__asm__ volatile("fnstcw %0" : "=m"(v));
	return v;
}

static inline uint16_t fnstsw(void)
{
	uint16_t v;

	__asm__ volatile("fnstsw %0" : "=m"(v));
	return v;
}

static inline void ldmxcsr(uint32_t v)
{
	__asm__ volatile("ldmxcsr %0" : : "m"(v));
}

static inline uint32_t stmxcsr(void)
{
	uint32_t v;

	__asm__ volatile("stmxcsr %0" : "=m"(v));
	return v;
}

/* Both need CR4.OSXSAVE. */
static inline uint64_t xgetbv(uint32_t xcr)
{
	uint32_t lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(xcr));
	return (uint64_t)hi << 32 | lo;
}

static inline void xsetbv(uint32_t xcr, uint64_t v)
{
	__asm__ volatile("xsetbv" : : "c"(xcr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

static inline void tilerelease(void)
{
	__asm__ volatile(".byte 0xc4, 0xe2, 0x78, 0x49, 0xc0" : : : "memory");
}

/* Both need CR4.PKE. */
static inline uint32_t rdpkru(void)
{
	uint32_t lo, hi;

	__asm__ volatile(".byte 0x0f, 0x01, 0xee" : "=a"(lo), "=d"(hi) : "c"(0));
	return lo;
}

static inline void wrpkru(uint32_t v)
{
	__asm__ volatile(".byte 0x0f, 0x01, 0xef" : : "a"(v), "c"(0), "d"(0) : "memory");
}

static inline uint64_t pushfq(void)
{
	uint64_t v;

	__asm__ volatile("pushfq\n\tpop %0" : "=r"(v) : : "memory");
	return v;
}

static inline void cli(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void sti(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void hlt(void)
{
	__asm__ volatile("hlt" : : : "memory");
}

/* Sleep until an interrupt has come, with interrupts off but meanwhile. */
static inline void sti_hlt_cli(void)
{
	__asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
}

static inline void pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outl(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline void insb(uint16_t port, uint8_t *to, uint64_t n)
{
	__asm__ volatile("rep insb" : "+D"(to), "+c"(n) : "d"(port) : "memory");
}

static inline void outsb(uint16_t port, const uint8_t *from, uint64_t n)
{
	__asm__ volatile("rep outsb" : "+S"(from), "+c"(n) : "d"(port) : "memory");
}

#endif
