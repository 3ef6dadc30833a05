/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/unit_make.h"
#include "scan/severity.h"
#include "scan/version/version.h"

/*
 * Vulnerabilities of the kernel, as tables made of what its CVE team publishes: JSON lines
 *
 *   {"id":"CVE-2019-25162","t":"title","cvss":7.8,"f":["file"],"r":[["4.3","4.14.291"],…]}
 *
 * or lines of five columns between tabs: "2019-25162", score, CVSS 3.1's metrics by their letters
 * ("LLLNUHHH", or "-"), "4.3-4.14.291,…", files. OSV calls this ecosystem "Linux", the package
 * "Kernel".
 *
 * A pair is where a flaw came in and where it was mended, "0" for never. Each branch has a mend of
 * its own, so that a pair says nothing of branches before it that have one: 3.16.70 has the fix of
 * 3.16.66, though it is older than 3.18.137. Ranges of advisories have no branches, and what goes
 * into one is cut to what it says.
 */
enum { LIMIT_PAIRS = 4096, COLUMNS = 5, PLACE = 64 };

struct pair {
	char from[PLACE], to[PLACE]; /* to "": never mended, wherever that is */
	bool everywhere;	     /* from is not a release of one branch */
};

static int compare(const char *a, const char *b)
{
	return version_linux_compare(str_of(a), str_of(b));
}

/* The numbers that name a branch: two, and three of 2.6. */
static size_t branch_numbers(const char *version)
{
	return starts_with(version, "2.") || starts_with(version, "1.") ||
			       starts_with(version, "0.")
		       ? 3
		       : 2;
}

/* The branch of a version, "5.10", and whether it is only that: a release of the main line. */
static bool branch_of(const char *version, char ret[static PLACE])
{
	size_t n = 0, numbers = branch_numbers(version);
	const char *p = version;

	for (; *p && n < numbers; n++)
		p += strcspn(p, ".-") + (n + 1 < numbers && p[strcspn(p, ".-")] == '.');
	(void)snprintf(ret, PLACE, "%.*s", (int)(p - version), version);
	return *p != '.';
}

/* The release after the branch of a version, whether it ever came: "5.11" after "5.10.36". */
static void next_branch(const char *version, char ret[static PLACE])
{
	char branch[PLACE], *last;
	uint64_t n = 0;

	(void)branch_of(version, branch);
	last = strrchr(branch, '.');
	last = last ? last + 1 : branch;
	(void)str_u64(str_of(last), UINT32_MAX, &n, NULL);
	(void)snprintf(ret, PLACE, "%.*s%llu", (int)(last - branch), branch,
		       (unsigned long long)n + 1);
}

static int by_end(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int r = !*x->to || !*y->to ? (!*x->to) - (!*y->to) : compare(x->to, y->to);

	return r ? r : compare(x->from, y->from);
}

static int read_place(struct str s, char ret[static PLACE], struct err *e)
{
	if (s.n >= PLACE || !version_linux_valid(s))
		return FAIL(e, E_FORMAT, "'%.*s' is no release of the kernel",
			    (int)(s.n < 80 ? s.n : 80), s.p);
	(void)snprintf(ret, PLACE, "%.*s", (int)s.n, s.p);
	return 0;
}

static int read_pair(struct str from, struct str to, struct pair *ret, struct err *e)
{
	char branch[PLACE], other[PLACE];
	int r = read_place(from, ret->from, e);

	r = r < 0 ? r : read_place(to, ret->to, e);
	if (r < 0)
		return r;
	ret->everywhere = branch_of(ret->from, branch);
	if (strcmp(ret->to, "0") == 0)
		ret->to[0] = '\0';
	(void)branch_of(ret->to, other);
	/* What came into a branch by itself stays in it. */
	if (!ret->everywhere && (!*ret->to || strcmp(branch, other) != 0))
		next_branch(ret->from, ret->to);
	return 0;
}

/* Its first candidate: those of a release that has the fix may not have it. */
static void begin_branch(const char *version, char ret[static PLACE])
{
	char next[PLACE];

	next_branch(version, next);
	(void)snprintf(ret, PLACE, "%.50s-rc0", next);
}

/* From where on a pair holds: after the branches that have a mend of their own. */
static void cut_start(const struct pair *pairs, size_t i, char ret[static PLACE])
{
	const struct pair *before = NULL;
	char branch[PLACE], other[PLACE], next[PLACE];

	(void)snprintf(ret, PLACE, "%s", pairs[i].from);
	for (size_t k = 0; k < i; k++)
		if (!*pairs[i].to || compare(pairs[k].to, pairs[i].to) < 0)
			before = &pairs[k];
	if (!before || !pairs[i].everywhere)
		return;
	(void)branch_of(before->to, branch);
	(void)branch_of(pairs[i].to, other);
	if (strcmp(branch, other) == 0)
		(void)snprintf(next, sizeof(next), "%s", before->to);
	else if (!before->everywhere && branch_of(before->to, branch))
		(void)snprintf(next, sizeof(next), "%s", before->to); /* where its branch ends */
	else
		begin_branch(before->to, next);
	if (compare(next, ret) > 0)
		(void)snprintf(ret, PLACE, "%s", next);
}

static int add_ranges(json_t *row, struct pair *pairs, size_t n, struct err *e)
{
	json_t *ranges = json_object_get(row, "r");
	int r = 0;

	if (n)
		qsort(pairs, n, sizeof(*pairs), by_end);
	for (size_t i = 0; i < n && r == 0; i++) {
		char from[PLACE];

		cut_start(pairs, i, from);
		if (!*pairs[i].to)
			r = json_push(ranges, json_pack("[ss]", "i", from), e);
		else if (compare(from, pairs[i].to) < 0)
			r = json_push(ranges, json_pack("[ssss]", "i", from, "f", pairs[i].to), e);
	}
	if (r == 0 && !json_array_size(ranges))
		r = FAIL(e, E_FORMAT, "no version is affected");
	return r;
}

/* What both forms say of one. */
struct entry {
	const char *id, *title, *vector; /* NULL: not said */
	int score;			 /* tenths, -1 */
	struct pair *pairs;
	size_t n;
};

static int make_unit(const char *prefix, const struct entry *it, json_t **ret, struct err *e)
{
	auto_buf name = BUF_INIT(LIMIT_ADVISORY_STRING);
	auto_json *unit = NULL;
	json_t *row = NULL;
	int r = 0;

	if (!unit_is_id(it->id) || !starts_with(it->id, "CVE-") || strlen(it->id) > 40)
		return FAIL(e, E_FORMAT, "'%.80s' is not the name of a vulnerability", it->id);
	buf_printf(&name, "%s/%s", prefix, it->id);
	r = unit_new(&unit, buf_str(&name), "kernel", 0, it->title, e);
	r = r < 0 ? r : unit_add_row(unit, "Linux", "Kernel", it->id, &row, e);
	if (r == 0 && it->score >= 0) {
		r = json_put(row, "c", json_integer(it->score), e);
		r = r < 0 ? r
			  : json_put(row, "s",
				     json_integer((json_int_t)severity_of_score(it->score)), e);
	}
	r = r < 0 ? r : json_put_string(row, "vec", it->vector, e);
	r = r < 0 ? r : add_ranges(row, it->pairs, it->n, e);
	if (r < 0)
		return WRAP(e, r, "%.40s", it->id);
	*ret = TAKE(unit);
	return 0;
}

bool advisory_is_kernel(const json_t *doc)
{
	return json_string_or_null(doc, "id") && json_is_array(json_object_get(doc, "r")) &&
	       json_string_or_null(doc, "t") && !json_object_get(doc, "affected");
}

static int read_pairs(const json_t *list, struct entry *it, struct err *e)
{
	size_t i;
	json_t *v;
	int r = 0;

	if (json_array_size(list) > LIMIT_PAIRS)
		return FAIL(e, E_FORMAT, "more than %d ranges", LIMIT_PAIRS);
	it->pairs = calloc(json_array_size(list) + 1, sizeof(*it->pairs));
	if (!it->pairs)
		return FAIL_NOMEM(e);
	json_array_foreach(list, i, v)
	{
		const char *from = json_string_value(json_array_get(v, 0));
		const char *to = json_string_value(json_array_get(v, 1));

		if (!from || !to || json_array_size(v) != 2)
			return FAIL(e, E_FORMAT, "'r': not [[\"INTRODUCED\",\"FIXED\"]]");
		r = read_pair(str_of(from), str_of(to), &it->pairs[it->n++], e);
		if (r < 0)
			return r;
	}
	return 0;
}

int advisory_kernel(const json_t *doc, json_t **ret, struct err *e)
{
	const json_t *cvss = json_object_get(doc, "cvss");
	struct entry it = { .id = json_string_or_null(doc, "id"),
			    .title = json_string_or_null(doc, "t"),
			    .score = -1 };
	int r;

	if (json_is_number(cvss) && json_number_value(cvss) >= 0 && json_number_value(cvss) <= 10)
		it.score = (int)(json_number_value(cvss) * 10 + 0.5);
	else if (cvss && !json_is_null(cvss))
		return FAIL(e, E_FORMAT, "'cvss' is no score");
	r = read_pairs(json_object_get(doc, "r"), &it, e);
	r = r < 0 ? r : make_unit("kernel", &it, ret, e);
	free(it.pairs);
	return r;
}

static bool split(struct str line, struct str cells[static COLUMNS])
{
	for (size_t i = 0; i < COLUMNS; i++)
		if (!str_cut(&line, '\t', &cells[i]) && i + 1 < COLUMNS)
			return false;
		else if (!cells[i].n && i + 1 < COLUMNS)
			return false;
	return !line.n;
}

static bool is_number_of_cve(struct str s)
{
	char id[64];

	if (s.n < 6 || s.n > 40 || s.p[4] != '-' || strspn(s.p, "0123456789-") < s.n)
		return false;
	(void)snprintf(id, sizeof(id), "CVE-%.*s", (int)s.n, s.p);
	return unit_is_id(id);
}

bool advisory_is_kernel_table(struct str head)
{
	struct str line, cells[COLUMNS] = { { "", 0 } };

	return str_line(&head, &line) && split(line, cells) && is_number_of_cve(cells[0]);
}

/* "NLNNUHNH": the metrics of CVSS 3.1 in their order. */
static int read_vector(struct str letters, char *ret, size_t cap, struct err *e)
{
	if (letters.n != 8)
		return FAIL(e, E_FORMAT, "no vector of eight letters");
	(void)snprintf(ret, cap, "CVSS:3.1/AV:%c/AC:%c/PR:%c/UI:%c/S:%c/C:%c/I:%c/A:%c",
		       letters.p[0], letters.p[1], letters.p[2], letters.p[3], letters.p[4],
		       letters.p[5], letters.p[6], letters.p[7]);
	return cvss_score(ret) >= 0 ? 0 : FAIL(e, E_FORMAT, "'%s' is no vector", ret);
}

static int split_pairs(struct str text, struct entry *it, struct err *e)
{
	struct str one, from;
	int r = 0;

	it->pairs = calloc(LIMIT_PAIRS, sizeof(*it->pairs));
	if (!it->pairs)
		return FAIL_NOMEM(e);
	while (r == 0 && str_cut(&text, ',', &one)) {
		if (it->n == LIMIT_PAIRS)
			return FAIL(e, E_FORMAT, "more than %d ranges", LIMIT_PAIRS);
		if (!str_cut(&one, '-', &from))
			return FAIL(e, E_FORMAT, "not \"INTRODUCED-FIXED\"");
		r = read_pair(from, one, &it->pairs[it->n++], e);
	}
	return r;
}

static int read_line(struct str line, const struct unit_sink *to, struct err *e)
{
	auto_json *unit = NULL;
	struct str cells[COLUMNS];
	struct entry it = { .score = -1 };
	char id[64], vector[64];
	int r = 0;

	if (!split(line, cells) || !is_number_of_cve(cells[0]))
		return FAIL(e, E_FORMAT, "not \"NUMBER, SCORE, VECTOR, RANGES, FILES\" by tabs");
	(void)snprintf(id, sizeof(id), "CVE-%.*s", (int)cells[0].n, cells[0].p);
	it.id = id;
	if (!str_eqz(cells[2], "-")) {
		r = read_vector(cells[2], vector, sizeof(vector), e);
		it.vector = vector;
		it.score = r < 0 ? -1 : cvss_score(vector);
	}
	r = r < 0 ? r : split_pairs(cells[3], &it, e);
	r = r < 0 ? r : make_unit("kernel-table", &it, &unit, e);
	free(it.pairs);
	return r < 0 ? r : unit_emit(to, unit, e);
}

int advisory_kernel_table(const struct advisory_lines *lines, const struct unit_sink *to,
			  struct err *e)
{
	return unit_each_line(lines, read_line, to, e);
}
