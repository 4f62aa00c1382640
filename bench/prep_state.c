/* SPDX-License-Identifier: BSD-2-Clause */
/* Shadow stacks, tracked branches and extended state as a row needs them, and back. */
#include "bench/prep.h"

#include "efi/cpu.h"

enum {
	CET_SH_STK_EN = 1 << 0,
	CET_ENDBR_EN = 1 << 2,
	XCR0_TILES = 3 << 17, /* configuration and data come together */
	XFD_TILE_DATA = 1 << 18,
	IN_PAGE = 0x800,
};

static struct {
	uint64_t prep, cr4, u_cet, s_cet, pl0_ssp, pl3_ssp, xcr0, xfd;
	int has_ssp;
} saved;

/* A page that can only be read and is dirty is one of a shadow stack. */
static void cet_do(const struct profile *profile)
{
	saved.has_ssp = !!(profile->features & FEAT(CET_SS));
	saved.u_cet = rdmsr(IA32_U_CET);
	saved.s_cet = rdmsr(IA32_S_CET);
	if (saved.has_ssp) {
		saved.pl0_ssp = rdmsr(IA32_PL0_SSP);
		saved.pl3_ssp = rdmsr(IA32_PL3_SSP);
		wrmsr(IA32_PL3_SSP, W_DRO + IN_PAGE);
	}
	wrmsr(IA32_S_CET, 0);
	wrmsr(IA32_U_CET, (saved.prep & PREP_USER_SS ? CET_SH_STK_EN : 0) |
				  (saved.prep & PREP_USER_IBT ? CET_ENDBR_EN : 0));
	write_cr4(saved.cr4 | CR4_CET);
}

static void cet_undo(void)
{
	write_cr4(saved.cr4);
	wrmsr(IA32_U_CET, saved.u_cet);
	wrmsr(IA32_S_CET, saved.s_cet);
	if (saved.has_ssp) {
		wrmsr(IA32_PL0_SSP, saved.pl0_ssp);
		wrmsr(IA32_PL3_SSP, saved.pl3_ssp);
	}
}

static void xfd_do(void)
{
	write_cr4(saved.cr4 | CR4_OSXSAVE);
	saved.xcr0 = xgetbv(0);
	xsetbv(0, saved.xcr0 | XCR0_TILES);
	saved.xfd = rdmsr(IA32_XFD);
	wrmsr(IA32_XFD, XFD_TILE_DATA);
}

static void xfd_undo(void)
{
	tilerelease();
	wrmsr(IA32_XFD, saved.xfd);
	wrmsr(IA32_XFD_ERR, 0);
	xsetbv(0, saved.xcr0);
	write_cr4(saved.cr4);
}

void prep_state_do(const struct bench_row *row, const struct profile *profile)
{
	saved.prep = row->prep;
	saved.cr4 = read_cr4();
	*(volatile uint32_t *)bench_data(BD_CET) = !!(saved.prep & PREP_CET);
	if (saved.prep & PREP_CET)
		cet_do(profile);
	if (saved.prep & PREP_XFD)
		xfd_do();
}

void prep_state_undo(void)
{
	if (saved.prep & PREP_CET)
		cet_undo();
	if (saved.prep & PREP_XFD)
		xfd_undo();
}
