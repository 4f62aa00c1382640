/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware: what every application asks of it. */
#include <stdarg.h>
#include <string.h>

#include "efi/abi/about.h"
#include "efi/abi/fmt.h"
#include "efi/boot.h"
#include "efi/firmware.h"

enum { PAGE = 4096, PATH_MAX = 160, ENTRY_MAX = 1024, REJECTS_MAX = 64, KEYS_MAX = 64 };

static EFI_HANDLE self;
static EFI_SYSTEM_TABLE *st;
EFI_BOOT_SERVICES *bs;
static EFI_LOADED_IMAGE *loaded;
static EFI_TPL old_tpl;

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);
EFI_STATUS _entry(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

struct boot_range boot_image(void)
{
	return (struct boot_range){ (uintptr_t)loaded->ImageBase, loaded->ImageSize };
}

static void narrow(char *out, size_t cap, const CHAR16 *from)
{
	size_t n = 0;

	for (; from && from[n] && n + 1 < cap; n++)
		out[n] = from[n] < 0x7f ? (char)from[n] : '?';
	out[n] = 0;
}

static int widen(CHAR16 *out, size_t cap, const char *from)
{
	size_t n = strlen(from);

	if (n >= cap)
		return -1;
	for (size_t i = 0; i <= n; i++)
		out[i] = (uint8_t)from[i];
	return 0;
}

void boot_firmware(char *out, size_t cap)
{
	char vendor[24];

	narrow(vendor, sizeof(vendor), st->FirmwareVendor);
	fmt_print(out, cap, "%s %x", vendor, st->FirmwareRevision);
}

struct boot_range boot_smbios(void)
{
	static const EFI_GUID ids[] = { SMBIOS3_TABLE_GUID, SMBIOS_TABLE_GUID };
	enum { ENTRY_POINT_MAX = 0x1f };
	struct boot_range range = { 0 };
	size_t len = 0;

	for (UINTN i = 0; i < 2 * st->NumberOfTableEntries && !len; i++) {
		const EFI_CONFIGURATION_TABLE *t = &st->ConfigurationTable[i % st->NumberOfTableEntries];

		if (!memcmp(&t->VendorGuid, &ids[i / st->NumberOfTableEntries], sizeof(ids[0])) &&
		    !smbios_entry(t->VendorTable, ENTRY_POINT_MAX, &range.base, &len))
			range.len = len;
	}
	return range;
}

void boot_say(const char *text)
{
	CHAR16 wide[2] = { 0 };

	for (const char *p = text; *p; p++) {
		if (*p == '\n') {
			wide[0] = '\r';
			st->ConOut->OutputString(st->ConOut, wide);
		}
		wide[0] = (uint8_t)*p;
		st->ConOut->OutputString(st->ConOut, wide);
	}
}

void boot_print(const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	fmt_vprint(text, sizeof(text), fmt, args);
	va_end(args);
	boot_say(text);
}

void boot_clear(void)
{
	st->ConOut->ClearScreen(st->ConOut);
}

char boot_key(void)
{
	EFI_INPUT_KEY key = { 0 };

	if (!st->ConIn || st->ConIn->ReadKeyStroke(st->ConIn, &key) != EFI_SUCCESS)
		return 0;
	return key.UnicodeChar && key.UnicodeChar < 0x7f ? (char)key.UnicodeChar : BOOT_KEY_OTHER;
}

void boot_drop_keys(void)
{
	/* bounded: some firmware repeats the last key for ever */
	for (unsigned i = 0; i < KEYS_MAX && boot_key(); i++)
		;
}

void boot_options(char *out, size_t cap)
{
	const CHAR16 *words = loaded->LoadOptions;
	size_t n = words ? loaded->LoadOptionsSize / sizeof(*words) : 0, i;

	out[0] = 0;
	for (i = 0; i < n && i + 1 < cap && words[i]; i++) {
		/* what a boot entry carries may be anything: then there are no words */
		if (words[i] < ' ' || words[i] > '~') {
			i = 0;
			break;
		}
		out[i] = (char)words[i];
	}
	out[i] = 0;
}

static EFI_FILE_HANDLE open_file(const char *path, UINT64 mode)
{
	EFI_GUID guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
	EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *volume;
	EFI_FILE_HANDLE root, file = NULL;
	CHAR16 name[PATH_MAX];

	if (widen(name, PATH_MAX, path) ||
	    bs->HandleProtocol(loaded->DeviceHandle, &guid, (void **)&volume) != EFI_SUCCESS ||
	    volume->OpenVolume(volume, &root) != EFI_SUCCESS)
		return NULL;
	if (root->Open(root, &file, name, mode, 0) != EFI_SUCCESS)
		file = NULL;
	root->Close(root);
	return file;
}

int boot_read_from(const char *path, size_t from, void *out, size_t cap, size_t *ret_len)
{
	EFI_FILE_HANDLE file = open_file(path, EFI_FILE_MODE_READ);
	UINTN n = cap;
	EFI_STATUS s;

	if (!file)
		return BOOT_NO_FILE;
	s = file->SetPosition(file, from);
	if (s == EFI_SUCCESS)
		s = file->Read(file, &n, out);
	file->Close(file);
	if (s != EFI_SUCCESS)
		return BOOT_NO_READ;
	*ret_len = n;
	return 0;
}

int boot_read(const char *path, void *out, size_t cap, size_t *ret_len)
{
	size_t len, more = 0;
	int bad = boot_read_from(path, 0, out, cap, &len);
	UINT8 byte;

	if (!bad && len == cap)
		bad = boot_read_from(path, cap, &byte, 1, &more);
	if (bad || more)
		return bad ? bad : BOOT_NO_READ;
	*ret_len = len;
	return 0;
}

/* The folders of a path must exist before the file can; that they exist already is as good. */
static void make_folders(const char *path)
{
	EFI_GUID guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
	EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *volume;
	EFI_FILE_HANDLE root, folder;
	CHAR16 name[PATH_MAX];

	if (bs->HandleProtocol(loaded->DeviceHandle, &guid, (void **)&volume) != EFI_SUCCESS ||
	    volume->OpenVolume(volume, &root) != EFI_SUCCESS)
		return;
	for (size_t i = 1; path[i]; i++) {
		if (path[i] != '\\' || widen(name, PATH_MAX, path))
			continue;
		name[i] = 0;
		if (root->Open(root, &folder, name,
			       EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE | EFI_FILE_MODE_CREATE,
			       EFI_FILE_DIRECTORY) == EFI_SUCCESS)
			folder->Close(folder);
	}
	root->Close(root);
}

static int write_at(const char *path, UINT64 position, const void *data, size_t len)
{
	EFI_FILE_HANDLE file;
	UINTN n = len;
	EFI_STATUS s;

	make_folders(path);
	file = open_file(path, EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE | EFI_FILE_MODE_CREATE);
	if (!file)
		return -1;
	s = file->SetPosition(file, position);
	if (s == EFI_SUCCESS)
		s = file->Write(file, &n, (void *)(uintptr_t)data);
	if (file->Close(file) != EFI_SUCCESS || s != EFI_SUCCESS || n != len)
		return -1;
	return 0;
}

int boot_append(const char *path, const void *data, size_t len)
{
	return write_at(path, ~(UINT64)0, data, len);
}

int boot_exists(const char *path)
{
	EFI_FILE_HANDLE file = open_file(path, EFI_FILE_MODE_READ);

	if (file)
		file->Close(file);
	return file != NULL;
}

void boot_remove(const char *path)
{
	EFI_FILE_HANDLE file = open_file(path, EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE);

	if (file)
		file->Delete(file);
}

int boot_list(const char *path, unsigned index, char *out, size_t cap)
{
	static UINT64 entry[ENTRY_MAX / sizeof(UINT64)];
	static EFI_FILE_HANDLE folder;
	const EFI_FILE_INFO *info = (const void *)entry;
	UINTN n = sizeof(entry);

	if (!index) {
		if (folder)
			folder->Close(folder);
		folder = open_file(path, EFI_FILE_MODE_READ);
	}
	while (folder && folder->Read(folder, &n, entry) == EFI_SUCCESS && n) {
		narrow(out, cap, info->FileName);
		if (out[0] != '.')
			return 0;
		n = sizeof(entry);
	}
	return -1;
}

void boot_end(enum boot_end how)
{
	if (how == BOOT_HALT) {
		st->ConOut->OutputString(st->ConOut, (CHAR16[]){ 'h', 'a', 'l', 't', 'e', 'd', '\r', '\n', 0 });
		for (;;)
			bs->Stall(1000000);
	}
	if (how == BOOT_REBOOT || how == BOOT_POWEROFF)
		st->RuntimeServices->ResetSystem(how == BOOT_REBOOT ? EfiResetCold : EfiResetShutdown,
						 EFI_SUCCESS, 0, NULL);
}

int boot_write(const char *path, const void *data, size_t len)
{
	boot_remove(path); /* or a longer old content would show behind the new one */
	return write_at(path, 0, data, len);
}

void *boot_pages(size_t n, uint64_t avoid, uint64_t avoid_end)
{
	EFI_PHYSICAL_ADDRESS reject[REJECTS_MAX], at = 0;
	unsigned n_rejects = 0;
	void *got = NULL;

	/* what lies in the forbidden range is held until a better piece is found, then given back */
	while (!got && n_rejects < REJECTS_MAX &&
	       bs->AllocatePages(AllocateAnyPages, EfiLoaderData, n, &at) == EFI_SUCCESS) {
		if (at < avoid_end && at + n * PAGE > avoid)
			reject[n_rejects++] = at;
		else
			got = (void *)(uintptr_t)at;
	}
	while (n_rejects)
		bs->FreePages(reject[--n_rejects], n);
	if (got)
		memset(got, 0, n * PAGE);
	return got;
}

void boot_stall(uint32_t microseconds)
{
	bs->Stall(microseconds);
}

void boot_hush(void)
{
	old_tpl = bs->RaiseTPL(TPL_HIGH_LEVEL);
}

void boot_unhush(void)
{
	bs->RestoreTPL(old_tpl);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	EFI_GUID guid = LOADED_IMAGE_PROTOCOL;

	self = image;
	st = table;
	bs = table->BootServices;
	if (bs->HandleProtocol(self, &guid, (void **)&loaded) != EFI_SUCCESS)
		return EFI_UNSUPPORTED;
	/* a run may take longer than the five minutes that firmware grants a boot loader */
	bs->SetWatchdogTimer(0, 0, 0, NULL);
	return machine_main() ? EFI_ABORTED : EFI_SUCCESS;
}

/* Newer start files of gnu-efi call this name, and without it pull in a library we do not need. */
EFI_STATUS _entry(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	return efi_main(image, table);
}
