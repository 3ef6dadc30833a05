/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/record.h"

#include "scan/severity.h"

enum { PPM = 1000 * 1000 };

int record_open(struct str bytes, struct record *ret, struct err *e)
{
	struct unpack u = unpack_of(bytes);
	struct record r = { 0 };

	r.name = unpack_str(&u);
	r.replaces = unpack_str(&u);
	r.head = unpack_block(&u);
	r.packages_n = unpack_u32(&u);
	r.packages = unpack_of(unpack_block(&u));
	r.facts_n = unpack_u32(&u);
	r.facts = unpack_of(unpack_block(&u));
	u.bad |= u.p != u.end;
	*ret = r;
	return unpack_check(&u, "a unit", e);
}

int record_package(struct record *r, const char **ret_ecosystem, const char **ret_package,
		   struct str *ret_rows, struct err *e)
{
	if (!r->packages_n)
		return 0;
	r->packages_n--;
	*ret_ecosystem = unpack_str(&r->packages);
	*ret_package = unpack_str(&r->packages);
	*ret_rows = unpack_block(&r->packages);
	return r->packages.bad ? unpack_check(&r->packages, "packages of a unit", e) : 1;
}

int record_fact(struct record *r, const char **ret_id, struct str *ret_fact, struct err *e)
{
	if (!r->facts_n)
		return 0;
	r->facts_n--;
	*ret_id = unpack_str(&r->facts);
	*ret_fact = unpack_block(&r->facts);
	return r->facts.bad ? unpack_check(&r->facts, "facts of a unit", e) : 1;
}

int unit_head_open(struct str bytes, struct unit_head *ret, struct err *e)
{
	struct unpack u = unpack_of(bytes);
	struct unit_head h = { 0 };

	h.source = unpack_str(&u);
	h.title = unpack_str(&u);
	h.url = unpack_str(&u);
	h.modified = unpack_u64(&u, INT64_MAX);
	h.hash = unpack_bytes(&u, UNIT_HASH);
	h.ratings = unpack_block(&u);
	h.ecosystems = unpack_block(&u);
	h.groups = unpack_block(&u);
	u.bad |= u.p != u.end;
	*ret = h;
	return unpack_check(&u, "a unit's head", e);
}

struct unit_rating unit_rating_next(struct unpack *u)
{
	struct unit_rating r;

	r.severity = (int)unpack_u64(u, SEVERITIES - 1);
	r.score = (int)unpack_u64(u, 101) - 1;
	r.vector = unpack_str(u);
	r.title = unpack_str(u);
	return r;
}

int fact_open(struct str bytes, struct fact *ret, struct err *e)
{
	struct unpack u = unpack_of(bytes);
	struct fact f = { 0 };

	f.kev = unpack_str(&u);
	f.ransomware = unpack_u64(&u, 1) != 0;
	f.epss = (int)unpack_u64(&u, PPM + 1) - 1;
	f.pct = (int)unpack_u64(&u, PPM + 1) - 1;
	*ret = f;
	return unpack_check(&u, "a fact", e);
}
