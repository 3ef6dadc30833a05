/* SPDX-License-Identifier: Apache-2.0 */
/* The set of trusted metadata of a Notary v1 repository. */
#include "notary1_world.h"
#include "tap.h"

static const struct tuf_notary1 any = { .gun = GUN };

static struct tuf_set *set_as(const struct tuf_notary1 *n)
{
	struct tuf_set *s = NULL;
	struct err e = ERR_INIT;

	must(tuf_set_new_notary1(NOW, n, &s, &e));
	return s;
}

/* What a repository has at one time. */
struct files {
	struct buf root, timestamp, snapshot, targets, releases;
};

static void files_free(struct files *f)
{
	buf_free(&f->root);
	buf_free(&f->timestamp);
	buf_free(&f->snapshot);
	buf_free(&f->targets);
	buf_free(&f->releases);
}
#define auto_files __attribute__((cleanup(files_free))) struct files

static struct files make_files(int version)
{
	static struct buf root; /* a signature by ECDSA is another one each time */
	struct files f = { .root = BUF_INIT(LIMIT_TUF_ROOT),
			   .targets = sign(targets_body(version, "v1", "one", ""), "t"),
			   .releases = sign(targets_body(version, "v2", "two", NULL), "d") };

	if (!root.n)
		root = make_root(1, "A", 1, "A");
	buf_put(&f.root, root.p, root.n);
	f.snapshot = make_snapshot(version, &f.root, &f.targets, &f.releases, LATER);
	f.timestamp = make_timestamp(version, &f.snapshot, LATER);
	return f;
}

static struct str bytes(const struct buf *b)
{
	return (struct str){ b->p, b->n };
}

static void check(int r, const struct err *e, int want, const char *said, int line)
{
	if (r == want && (!said || strstr(e->msg, said)))
		return;
	tap_failed = 1;
	printf("# %d: %d '%s', want %d '%s'\n", line, r, r < 0 ? e->msg : "", want,
	       said ? said : "");
}
#define STEP(call, want, said)                                                                     \
	do {                                                                                       \
		struct err e = ERR_INIT;                                                           \
		int result = (call);                                                               \
		check(result, &e, (want), (said), __LINE__);                                       \
	} while (0)

/* Takes the file. */
static void root_step(struct tuf_set *s, bool first, struct buf file, int want, const char *said,
		      int line)
{
	struct err e = ERR_INIT;
	int r = first ? tuf_first_root(s, bytes(&file), &e) : tuf_next_root(s, bytes(&file), &e);

	check(r, &e, want, said, line);
	buf_free(&file);
}
#define FIRST(s, file, want, said) root_step(s, true, file, want, said, __LINE__)
#define NEXT(s, file, want, said) root_step(s, false, file, want, said, __LINE__)

static void load(struct tuf_set *s, const struct files *f)
{
	STEP(tuf_first_root(s, bytes(&f->root), &e), 0, NULL);
	STEP(tuf_root_final(s, &e), 0, NULL);
	STEP(tuf_timestamp(s, bytes(&f->timestamp), TUF_FETCHED, &e), 0, NULL);
	STEP(tuf_snapshot(s, bytes(&f->snapshot), TUF_FETCHED, &e), 0, NULL);
}

TEST(all_of_it)
{
	auto_release(tuf_set_free) struct tuf_set *s = set_as(&any);
	auto_files f = make_files(3);
	auto_strv names = { 0 };
	struct tuf_target t;
	struct err own = ERR_INIT;
	struct digest d;
	bool last;

	load(s, &f);
	digest_of(f.targets.p, f.targets.n, &d);
	CHECK_STR(tuf_listed_hash(s, "targets"), digest_hex(&d));
	CHECK(!tuf_listed_hash(s, "targets/x"));
	STEP(tuf_targets(s, "targets", "root", bytes(&f.targets), &e), 0, NULL);
	CHECK(tuf_delegates(s, "targets", "v2", &names, &last, &own) == 0 && names.n == 1);
	STEP(tuf_targets(s, "targets/releases", "targets", bytes(&f.releases), &e), 0, NULL);
	CHECK(tuf_find(s, "targets", "v1", &t) && t.length == 3);
	CHECK(!tuf_find(s, "targets", "v2", &t));
	CHECK(tuf_find(s, "targets/releases", "v2", &t));
	digest_of("two", 3, &d);
	CHECK_STR(json_string_value(json_object_get(t.hashes, "sha256")), digest_hex(&d));
}

TEST(roots)
{
	auto_release(tuf_set_free) struct tuf_set *s = set_as(&any);
	struct err own = ERR_INIT;

	FIRST(s, make_root(1, "AB", 2, "A"), E_VERIFY, "1 of its keys, 2");
	FIRST(s, make_root(1, "AB", 2, "At"), E_VERIFY, "1 of its keys, 2");
	FIRST(s, make_root(1, "t", 1, "t"), E_VERIFY, "no certificate");
	FIRST(s, make_root(1, "X", 1, "X"), E_VERIFY, "of 'r.example/team/apple', not of");
	FIRST(s, sign(root_body(1, "AB", 2, BEFORE), "AB"), 0, NULL);
	STEP(tuf_root_final(s, &e), E_VERIFY, "expired at 2030");
	NEXT(s, make_root(2, "AB", 2, "B"), E_VERIFY, "keys of version 1");
	NEXT(s, make_root(2, "C", 1, "C"), E_VERIFY, "keys of version 1");
	NEXT(s, make_root(3, "AB", 2, "AB"), E_VERIFY, "does not follow");
	NEXT(s, make_root(2, "C", 1, "AB"), E_VERIFY, "by its own keys");
	NEXT(s, make_root(2, "X", 1, "ABX"), E_VERIFY, "by its own keys");
	NEXT(s, make_root(2, "C", 1, "ABC"), 0, NULL);
	NEXT(s, make_root(3, "C", 1, "C"), 0, NULL);
	CHECK(tuf_root_final(s, &own) == 0 && tuf_root_version(s) == 3);
	CHECK(!tuf_consistent(s) && !tuf_recovers(s));
}

TEST(pins)
{
	auto_strv pins = { 0 };
	const struct tuf_notary1 pinned = { .gun = GUN, .pins = &pins };
	auto_release(tuf_set_free) struct tuf_set *s = set_as(&pinned);
	auto_chain cas = { .n = 0 };
	auto_buf pem = BUF_INIT(65536);
	struct err e = ERR_INIT;

	must(strv_add(&pins, id_of('A'), &e));
	FIRST(s, make_root(1, "B", 1, "B"), E_VERIFY, "none of those that are trusted");
	FIRST(s, make_root(1, "AB", 2, "AB"), E_VERIFY, "1 of its keys, 2");
	FIRST(s, make_root(1, "A", 1, "A"), 0, NULL);

	/* A certificate that nobody who is trusted has issued. */
	make_key('B');
	put_certificate(world['B'].key, GUN, NOW - 10, 10, &pem);
	must(chain_from_file(bytes(&pem), &cas, &e));
	const struct tuf_notary1 by_ca = { .gun = GUN, .cas = &cas };
	auto_release(tuf_set_free) struct tuf_set *t = set_as(&by_ca);

	FIRST(t, make_root(1, "A", 1, "A"), E_VERIFY, "none of the CAs");
}

static struct buf odd_root(const char *cn, int64_t from, int days)
{
	auto_buf pem = BUF_INIT(65536);

	make_key('B');
	put_certificate(world['B'].key, cn, from, days, &pem);
	fill_key('B', "ecdsa-x509", &pem);
	return make_root(1, "B", 1, "B");
}

TEST(certificates)
{
	static const struct {
		const char *cn, *said;
	} names[] = {
		{ GUN, NULL },
		{ "r.example/team/*", NULL },
		{ "r.example/*", NULL },
		{ "r.example/team/app/*", "not of" },
		{ "r.example/team/a*", "not of" },
		{ "*", "not of" },
		{ "/*", "not of" },
		{ "r.example/team/ap", "not of" },
		{ "R.example/team/app", "not of" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		auto_release(tuf_set_free) struct tuf_set *s = set_as(&any);

		FIRST(s, odd_root(names[i].cn, NOW - 10, 10), names[i].said ? E_VERIFY : 0,
		      names[i].said);
		if (!names[i].said)
			STEP(tuf_root_final(s, &e), 0, NULL);
	}
	auto_release(tuf_set_free) struct tuf_set *old = set_as(&any);
	auto_release(tuf_set_free) struct tuf_set *early = set_as(&any);
	auto_release(tuf_set_free) struct tuf_set *set_at_end = set_as(&any);

	FIRST(old, odd_root(GUN, NOW - 100 * 86400, 99), 0, NULL);
	STEP(tuf_root_final(old, &e), E_VERIFY, "of the chain expired");
	FIRST(early, odd_root(GUN, NOW + 86400, 99), 0, NULL);
	STEP(tuf_root_final(early, &e), E_VERIFY, "not valid before");
	FIRST(set_at_end, odd_root(GUN, NOW - 86400, 3650), 0, NULL);
}

TEST(rollback_and_freeze)
{
	auto_release(tuf_set_free) struct tuf_set *s = set_as(&any);
	auto_files f = make_files(3), g = make_files(2);
	auto_buf late = make_snapshot(4, &f.root, &f.targets, &f.releases, BEFORE);
	auto_buf of_late = make_timestamp(5, &late, LATER);
	auto_buf back = make_timestamp(7, &g.snapshot, LATER);
	auto_buf frozen = make_timestamp(9, &f.snapshot, BEFORE);

	STEP(tuf_first_root(s, bytes(&f.root), &e), 0, NULL);
	STEP(tuf_timestamp(s, bytes(&f.timestamp), TUF_KEPT, &e), 0, NULL);
	STEP(tuf_timestamp(s, bytes(&g.timestamp), TUF_FETCHED, &e), E_VERIFY,
	     "version 2 is older");
	STEP(tuf_timestamp(s, bytes(&frozen), TUF_FETCHED, &e), E_VERIFY,
	     "timestamp version 9 exp");
	STEP(tuf_timestamp(s, bytes(&of_late), TUF_FETCHED, &e), 0, NULL);
	STEP(tuf_snapshot(s, bytes(&f.snapshot), TUF_KEPT, &e), 1, NULL);
	STEP(tuf_snapshot(s, bytes(&f.snapshot), TUF_FETCHED, &e), E_VERIFY, "snapshot: ");
	STEP(tuf_snapshot(s, bytes(&late), TUF_FETCHED, &e), E_VERIFY,
	     "snapshot version 4 expired");

	auto_release(tuf_set_free) struct tuf_set *t = set_as(&any);

	STEP(tuf_first_root(t, bytes(&f.root), &e), 0, NULL);
	STEP(tuf_timestamp(t, bytes(&back), TUF_FETCHED, &e), 0, NULL);
	STEP(tuf_snapshot(t, bytes(&f.snapshot), TUF_KEPT, &e), 1, NULL);
	STEP(tuf_snapshot(t, bytes(&g.snapshot), TUF_FETCHED, &e), E_VERIFY,
	     "snapshot version 2 is older than version 3");

	auto_release(tuf_set_free) struct tuf_set *u = set_as(&any);
	auto_buf other = sign(targets_body(3, "v1", "old one", ""), "t");
	auto_buf of_other = make_snapshot(3, &f.root, &other, NULL, LATER);
	auto_buf at_other = make_timestamp(8, &of_other, LATER);

	STEP(tuf_first_root(u, bytes(&f.root), &e), 0, NULL);
	STEP(tuf_timestamp(u, bytes(&at_other), TUF_FETCHED, &e), 0, NULL);
	STEP(tuf_snapshot(u, bytes(&f.snapshot), TUF_KEPT, &e), 1, NULL);
	STEP(tuf_snapshot(u, bytes(&of_other), TUF_FETCHED, &e), E_VERIFY,
	     "another snapshot of version 3");
}

TEST(mix_and_match)
{
	auto_release(tuf_set_free) struct tuf_set *s = set_as(&any);
	auto_files f = make_files(3), g = make_files(2);
	auto_buf root2 = make_root(2, "A", 1, "A");

	STEP(tuf_first_root(s, bytes(&f.root), &e), 0, NULL);
	STEP(tuf_next_root(s, bytes(&root2), &e), 0, NULL);
	STEP(tuf_timestamp(s, bytes(&f.timestamp), TUF_FETCHED, &e), 0, NULL);
	STEP(tuf_snapshot(s, bytes(&f.snapshot), TUF_FETCHED, &e), E_VERIFY,
	     "is not of root version 2");

	auto_release(tuf_set_free) struct tuf_set *t = set_as(&any);

	load(t, &f);
	STEP(tuf_targets(t, "targets", "root", bytes(&g.targets), &e), E_VERIFY, "sha256 is");
	STEP(tuf_targets(t, "targets", "root", bytes(&f.targets), &e), 0, NULL);
	STEP(tuf_targets(t, "targets/releases", "targets", bytes(&g.releases), &e), E_VERIFY,
	     "sha256 is");
	STEP(tuf_targets(t, "targets/releases", "root", bytes(&f.releases), &e), E_VERIFY,
	     "may not delegate");
}

/* The snapshot names no versions: a snapshot key that was stolen must not bring back what was. */
TEST(targets_by_what_was_kept)
{
	auto_files f = make_files(3);
	auto_buf kept = sign(targets_body(4, "v1", "new one", ""), "t");
	auto_buf same = sign(targets_body(3, "v1", "another", ""), "t");
	auto_buf strange = sign(targets_body(9, "v1", "one", ""), "s");

	auto_release(tuf_set_free) struct tuf_set *s = set_as(&any);
	load(s, &f);
	STEP(tuf_targets_before(s, "targets", "root", bytes(&strange), &e), E_VERIFY, "0 of its");
	STEP(tuf_targets_before(s, "targets", "root", bytes(&kept), &e), 0, NULL);
	STEP(tuf_targets(s, "targets", "root", bytes(&f.targets), &e), E_VERIFY,
	     "version 3 is older than version 4");

	auto_release(tuf_set_free) struct tuf_set *t = set_as(&any);
	load(t, &f);
	STEP(tuf_targets_before(t, "targets", "root", bytes(&same), &e), 0, NULL);
	STEP(tuf_targets(t, "targets", "root", bytes(&f.targets), &e), E_VERIFY,
	     "another file of version 3");

	/* The same file again, which expired here, is no other. */
	auto_release(tuf_set_free) struct tuf_set *u = set_as(&any);
	load(u, &f);
	STEP(tuf_targets_before(u, "targets", "root", bytes(&f.targets), &e), 0, NULL);
	STEP(tuf_targets(u, "targets", "root", bytes(&f.targets), &e), 0, NULL);
}

TEST(one_dialect_or_the_other)
{
	static const char theirs[] =
		"{\"signed\":{\"_type\":\"timestamp\",\"spec_version\":\"1.0\",\"version\":1,"
		"\"expires\":\"2031-01-01T00:00:00Z\",\"meta\":{\"snapshot.json\":{\"version\":1}}}"
		","
		"\"signatures\":[]}";
	auto_release(tuf_set_free) struct tuf_set *s = NULL;
	auto_release(tuf_doc_free) struct tuf_doc *d = NULL;
	auto_files f = make_files(1);
	struct err own = ERR_INIT;

	must(tuf_set_new(NOW, &s, &own));
	STEP(tuf_first_root(s, bytes(&f.root), &e), E_FORMAT, "this is 'Root'");
	STEP(tuf_doc_parse(&tuf_1_0, bytes(&f.timestamp), TUF_TIMESTAMP, &d, &e), E_FORMAT,
	     "this is");
	STEP(tuf_doc_parse(&tuf_dialect_notary, str_of(theirs), TUF_TIMESTAMP, &d, &e), E_FORMAT,
	     "want Timestamp");
}

/* Every byte of every file: none is accepted. */
static size_t flips(const struct buf *good, enum tuf_kind kind, const struct tuf_role *role)
{
	auto_buf bad = BUF_INIT(LIMIT_TUF_TARGETS);
	size_t accepted = 0;

	buf_put(&bad, good->p, good->n);
	for (size_t i = 0; i < bad.n; i++) {
		auto_release(tuf_doc_free) struct tuf_doc *d = NULL;
		char bit = i % 2 ? 1 : 0x20; /* another letter, another case */

		bad.p[i] ^= bit;
		if (tuf_doc_parse(&tuf_dialect_notary, bytes(&bad), kind, &d, NULL) == 0 &&
		    tuf_verify(d, role, NULL) == 0) {
			printf("# byte %zu of %s\n", i, tuf_kind_name(kind));
			accepted++;
		}
		bad.p[i] ^= bit;
	}
	return accepted;
}

TEST(every_byte)
{
	auto_files f = make_files(1);
	auto_release(tuf_doc_free) struct tuf_doc *root = NULL, *targets = NULL;
	struct tuf_role role;
	struct err e = ERR_INIT;

	must(tuf_doc_parse(&tuf_dialect_notary, bytes(&f.root), TUF_ROOT, &root, &e));
	must(tuf_doc_parse(&tuf_dialect_notary, bytes(&f.targets), TUF_TARGETS, &targets, &e));
	must(tuf_root_role(root, "root", &role, &e));
	role.root = &any;
	CHECK(flips(&f.root, TUF_ROOT, &role) == 0);
	must(tuf_root_role(root, "timestamp", &role, &e));
	CHECK(flips(&f.timestamp, TUF_TIMESTAMP, &role) == 0);
	must(tuf_root_role(root, "snapshot", &role, &e));
	CHECK(flips(&f.snapshot, TUF_SNAPSHOT, &role) == 0);
	must(tuf_root_role(root, "targets", &role, &e));
	CHECK(flips(&f.targets, TUF_TARGETS, &role) == 0);
	must(tuf_delegated_role(targets, "targets/releases", &role, &e));
	CHECK(flips(&f.releases, TUF_TARGETS, &role) == 0);
}

TAP_MAIN()
