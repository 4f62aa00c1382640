/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/abi/profile.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int is_word(const char *word, size_t len, const char *name)
{
	for (size_t i = 0; i < len; i++) {
		if (!name[i] || lower(word[i]) != lower(name[i]))
			return 0;
	}
	return !name[len];
}

uint64_t profile_feature(const char *word, size_t len)
{
	static const char *const feature[] = {
#define X(name, words) #name,
		FEATURES(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(feature) / sizeof(feature[0]); i++) {
		if (is_word(word, len, feature[i]))
			return 1ull << i;
	}
	return 0;
}

static int offers(const struct profile *profile, const char *word, size_t len)
{
	if (is_word(word, len, "intel"))
		return profile->vendor == VENDOR_INTEL;
	if (is_word(word, len, "amd"))
		return profile->vendor == VENDOR_AMD;
	return (profile->features & profile_feature(word, len)) != 0;
}

const char *profile_lacks(const struct profile *profile, const char *needs, size_t *ret_len)
{
	while (*needs) {
		size_t len = 0;

		while (needs[len] && needs[len] != ' ')
			len++;
		*ret_len = len;
		if (len && !offers(profile, needs, len))
			return needs;
		needs += len + (needs[len] == ' ');
	}
	return NULL;
}
