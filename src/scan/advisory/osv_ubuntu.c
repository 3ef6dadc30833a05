/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/osv.h"

#include <ctype.h>

#include "scan/advisory/unit_make.h"

static const char pro[] = "Ubuntu:Pro:";

/* "Ubuntu:Pro:22.04:LTS" is the release "Ubuntu:22.04:LTS" for subscribers; "Ubuntu:Pro:FIPS:…" has
 * packages of its own. */
static bool release_of(const char *ecosystem, struct buf *ret)
{
	if (!starts_with(ecosystem, pro) || !isdigit((unsigned char)ecosystem[sizeof(pro) - 1]))
		return false;
	buf_printf(ret, "Ubuntu:%s", ecosystem + sizeof(pro) - 1);
	return true;
}

/* Rows by ecosystem and package; a document may have very many. */
static int index_row(json_t *index, json_t *row, struct err *e)
{
	auto_buf key = BUF_INIT(4 * LIMIT_ADVISORY_STRING);
	int r;

	buf_printf(&key, "%s\n%s", json_string_or_null(row, "e"), json_string_or_null(row, "p"));
	r = buf_check(&key, "a package", e);
	return r < 0 ? r : json_put(index, buf_str(&key), json_incref(row), e);
}

static json_t *find_row(const json_t *index, const char *ecosystem, const char *package)
{
	auto_buf key = BUF_INIT(4 * LIMIT_ADVISORY_STRING);

	buf_printf(&key, "%s\n%s", ecosystem, package);
	return json_object_get(index, buf_str(&key));
}

/* The last fix of a row's ranges, or NULL. */
static const char *fix_of(const json_t *row)
{
	const char *fixed = NULL;
	size_t i;
	json_t *range;

	json_array_foreach(
		json_object_get(row, "r"), i,
		range) for (size_t n = 0; n + 1 < json_array_size(range);
			    n += 2) if (strcmp(json_string_value(json_array_get(range, n)), "f") ==
					0) fixed = json_string_value(json_array_get(range, n + 1));
	return fixed;
}

/* Affected up to before the fix, and no fix: "~" sorts before the end of a version. A machine that
 * has Pro's build after all is not affected. */
static int put_unfixed(json_t *row, const char *fixed, struct err *e)
{
	auto_buf before = BUF_INIT(2 * LIMIT_ADVISORY_STRING);
	int r;

	buf_printf(&before, "%s~", fixed);
	r = json_put(row, "r", json_pack("[[ssss]]", "i", "0", "l", buf_str(&before)), e);
	r = r < 0 ? r : json_put(row, "v", json_array(), e);
	return r < 0 ? r : json_put_string(row, "st", "pro-only", e);
}

static int see_row(json_t *unit, json_t *rows, json_t *index, const json_t *row, struct err *e)
{
	auto_buf release = BUF_INIT(2 * LIMIT_ADVISORY_STRING);
	const char *package = json_string_or_null(row, "p"), *fixed = fix_of(row);
	auto_json *copy = NULL;
	json_t *base;
	int r;

	if (!fixed || !release_of(json_string_or_null(row, "e"), &release))
		return 0;
	base = find_row(index, buf_str(&release), package);
	if (base)
		return fix_of(base) ? 0 : put_unfixed(base, fixed, e);
	copy = json_deep_copy(row);
	if (!copy)
		return FAIL_NOMEM(e);
	r = json_put_string(copy, "e", buf_str(&release), e);
	r = r < 0 ? r : put_unfixed(copy, fixed, e);
	r = r < 0 ? r : unit_add_ecosystem(unit, buf_str(&release), e);
	r = r < 0 ? r : index_row(index, copy, e);
	return r < 0 ? r : json_push(rows, TAKE(copy), e);
}

static bool has_pro(const json_t *unit)
{
	size_t i;
	json_t *v;

	json_array_foreach(json_object_get(unit, "ecosystems"), i,
			   v) if (starts_with(json_string_value(v), pro)) return true;
	return false;
}

int osv_ubuntu(json_t *unit, json_t *rows, struct err *e)
{
	size_t n = json_array_size(rows);
	auto_json *index = NULL;
	int r = 0;

	if (!has_pro(unit))
		return 0;
	index = json_object();
	if (!index)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < n && r == 0; i++)
		r = index_row(index, json_array_get(rows, i), e);
	for (size_t i = 0; i < n && r == 0; i++)
		r = see_row(unit, rows, index, json_array_get(rows, i), e);
	return r;
}
