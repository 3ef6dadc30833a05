/* SPDX-License-Identifier: Apache-2.0 */
/* A whole database of advisories, which may have come from others: all that scans, status and the
 * next import read of it. */
#include "scan/advisory/db_internal.h"
#include "scan/advisory/record.h"
#include "state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take_row(void *arg, const struct advisory_row *row, struct err *e)
{
	(void)arg;
	(void)e;
	/* Text that is shown. */
	if (!str_utf8(str_of(row->id)) || !str_utf8(str_of(row->aliases)) ||
	    !str_utf8(str_of(row->status)) || !str_utf8(str_of(row->title)) ||
	    !str_utf8(str_of(row->vector)) || !str_utf8(str_of(row->unit)) ||
	    !str_utf8(str_of(row->source)) || !str_utf8(str_of(row->url)))
		__builtin_trap();
	return 0;
}

static int take_place(void *arg, const char *ecosystem, const char *package, const char *unit,
		      struct err *e)
{
	(void)arg;
	(void)e;
	if (!str_utf8(str_of(ecosystem)) || !str_utf8(str_of(package)) || !str_utf8(str_of(unit)))
		__builtin_trap();
	return 0;
}

static void read_db(void)
{
	static const char *const places[][2] = { { "Debian:12", "openssl" },
						 { "Alpine:v3.20", "musl" },
						 { "Debian:12", "" } };
	auto_release(advisory_db_close) struct advisory_db *db = NULL;
	auto_json *sources = NULL;
	struct advisory_fact fact;
	struct err e = ERR_INIT;
	int64_t date;

	if (advisory_db_open(&db, &fuzz_state, &e) < 0)
		return;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		(void)advisory_db_rows(db, places[i][0], places[i][1], NULL, take_row, NULL, &e);
	(void)advisory_db_places(db, "CVE-2024-1", take_place, NULL, &e);
	(void)advisory_db_fact(db, "CVE-2024-1", &fact, &e);
	(void)advisory_db_date(db, &date, &e);
	(void)advisory_db_sources(db, &sources, &e);
}

static void import(void)
{
	auto_release(advisory_build_free) struct advisory_build *b = NULL;
	auto_json *unit =
		json_pack("{ss ss si ss s[s] s[[s]] s[{ss ss s[[ssss]] s[] si si}]}", "unit", "x/1",
			  "source", "x", "modified", 1000, "title", "t", "ecosystems", "Debian:12",
			  "ids", "CVE-2024-1", "rows", "e", "Debian:12", "p", "openssl", "r", "i",
			  "0", "f", "2-1", "v", "s", 3, "c", 75);
	auto_buf record = BUF_INIT(1 << 20);
	struct err e = ERR_INIT;
	struct unpack u;
	bool changed;

	if (!unit || record_of_unit(unit, &record, &e) < 0)
		abort();
	u = unpack_of((struct str){ record.p, record.n });
	if (advisory_build_begin(&b, &fuzz_state, 6000, &e) == 0 &&
	    advisory_build_record(b, unpack_block(&u), &e) == 0)
		(void)advisory_build_commit(b, &changed, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (fuzz_state.fd < 0)
		fuzz_state_begin();
	if (fuzz_state_write(ADVISORY_DB, data, size) < 0)
		return 0;
	read_db();
	import();
	return 0;
}
