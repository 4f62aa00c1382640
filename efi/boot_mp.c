/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's other processors: the MP services of the PI specification, volume 2, chapter 13. */
#include "efi/boot.h"
#include "efi/firmware.h"

/* What of it is used here; the rest keeps its place. */
struct mp_info {
	UINT64 apic_id;
	UINT32 status;
	UINT32 where[9];
};
enum { MP_IS_BOOT = 1, MP_ENABLED = 2, MP_HEALTHY = 4, MP_USABLE = MP_ENABLED | MP_HEALTHY, MP_XAPIC_IDS = 255 };
struct mp_services {
	EFI_STATUS(EFIAPI *count)(struct mp_services *mp, UINTN *ret_all, UINTN *ret_enabled);
	EFI_STATUS(EFIAPI *info)(struct mp_services *mp, UINTN processor, struct mp_info *ret_info);
	void *start_all;
	EFI_STATUS(EFIAPI *start)(struct mp_services *mp, void(EFIAPI *procedure)(void *), UINTN processor,
				  EFI_EVENT done, UINTN timeout, void *argument, BOOLEAN *ret_finished);
};

static void (*second_body)(void);
static EFI_EVENT second_done;

static void EFIAPI second_procedure(void *unused)
{
	(void)unused;
	second_body();
}

int boot_second(void (*body)(void))
{
	EFI_GUID guid = { 0x3fdda605, 0xa76e, 0x4f46, { 0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08 } };
	struct mp_services *mp;
	UINTN all = 0, enabled;

	if (bs->LocateProtocol(&guid, NULL, (void **)&mp) != EFI_SUCCESS ||
	    mp->count(mp, &all, &enabled) != EFI_SUCCESS ||
	    bs->CreateEvent(0, 0, NULL, NULL, &second_done) != EFI_SUCCESS)
		return -1;
	second_body = body;
	for (UINTN i = 0; i < all; i++) {
		struct mp_info info;

		if (mp->info(mp, i, &info) == EFI_SUCCESS && info.apic_id < MP_XAPIC_IDS &&
		    (info.status & (MP_IS_BOOT | MP_USABLE)) == MP_USABLE &&
		    mp->start(mp, second_procedure, i, second_done, 0, NULL, NULL) == EFI_SUCCESS)
			return 0;
	}
	bs->CloseEvent(second_done);
	return -1;
}

int boot_second_back(void)
{
	EFI_STATUS s = EFI_NOT_READY;

	for (unsigned ms = 0; ms < 1000 && s == EFI_NOT_READY; ms++) {
		bs->Stall(1000);
		s = bs->CheckEvent(second_done);
	}
	bs->CloseEvent(second_done);
	return s == EFI_SUCCESS ? 0 : -1;
}
