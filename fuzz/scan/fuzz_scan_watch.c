/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept on disk beside the images: a watched one's record, lists of numbers of the index,
 * and when sources were asked. The first byte says which. */
#include <stdint.h>

#include "scan/advisory/checks.h"
#include "scan/watch/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever was accepted can be written and is read as the same. */
static void read_record(struct str text)
{
	auto_json *record = NULL, *again = NULL;
	auto_buf place = BUF_INIT(64 * 1024), out = BUF_INIT(LIMIT_WATCHED);
	struct err e = ERR_INIT;
	size_t i;
	json_t *package;

	if (watch_record_parse(text.p, text.n, "fuzz", &record, &e) < 0)
		return;
	json_array_foreach(json_object_get(record, "packages"), i, package)
	{
		buf_reset(&place);
		if (watch_place(package, &place, &e) == 0 && !strchr(buf_str(&place), '\n'))
			__builtin_trap();
	}
	if (json_canonical(record, &out, &e) < 0 || buf_check(&out, "fuzz", &e) < 0 ||
	    watch_record_parse(out.p, out.n, "fuzz", &again, &e) < 0 || !json_equal(record, again))
		__builtin_trap();
}

static void read_numbers(struct str bytes)
{
	auto_numbers n = { 0 };
	auto_buf out = BUF_INIT(SIZE_MAX);
	struct err e = ERR_INIT;

	if (numbers_read(bytes, &n, &e) < 0)
		return;
	numbers_sort(&n);
	if (numbers_write(&n, &out, &e) < 0 || out.n != bytes.n ||
	    (out.n && memcmp(out.p, bytes.p, out.n) != 0))
		__builtin_trap();
}

static void read_checks(struct str text)
{
	auto_json *checks = NULL, *again = NULL;
	auto_buf out = BUF_INIT(SIZE_MAX);
	struct err e = ERR_INIT;
	const char *oldest;

	if (advisory_checks_parse(text.p, text.n, &checks, &e) < 0)
		return;
	if (advisory_checks_oldest(checks, &oldest) > advisory_checks_newest(checks))
		__builtin_trap();
	if (advisory_checks_note(checks, "kev", 1767312000, "why", 3, &e) < 0 ||
	    advisory_checks_note(checks, "osv", 1767312000, NULL, 0, &e) < 0 ||
	    json_canonical(checks, &out, &e) < 0 ||
	    advisory_checks_parse(out.p, out.n, &again, &e) < 0 || !json_equal(checks, again))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parts[])(struct str) = { read_record, read_numbers, read_checks };

	if (size)
		parts[*data % 3]((struct str){ (const char *)data + 1, size - 1 });
	return 0;
}
