/* SPDX-License-Identifier: Apache-2.0 */
/* The set of trusted metadata, with files signed here by real keys. */
#include <stdlib.h>

#include "base/encode.h"
#include "crypto/key.h"
#include "tap.h"
#include "trust/tuf/internal.h"

enum { NOW = 1900000000 }; /* 2030-03-17 */
#define LATER "2031-01-01T00:00:00Z"
#define BEFORE "2030-01-01T00:00:00Z"

/* Key i is of keyid "ki". */
static struct key *keys[6];

static struct key *key_at(int i)
{
	struct err e = ERR_INIT;

	if (!keys[i] && key_generate(i == 5 ? KEY_EC_P256 : KEY_ED25519, &keys[i], &e) < 0)
		abort();
	return keys[i];
}

static void put_key(struct buf *b, int i, int as)
{
	unsigned char raw[32];
	struct err e = ERR_INIT;

	if (key_public_raw(key_at(i), raw, &e) < 0)
		abort();
	buf_printf(
		b,
		"\"k%d\":{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"",
		as);
	hex_put(b, raw, sizeof(raw));
	buf_puts(b, "\"}}");
}

/* A body signed by the keys named in signers ("012"), in the form that is sent. */
static struct buf sign(const char *body, const char *signers)
{
	struct buf file = BUF_INIT(LIMIT_TUF_TARGETS);
	auto_buf message = BUF_INIT(LIMIT_TUF_TARGETS);
	auto_json *j = NULL;
	struct err e = ERR_INIT;

	if (json_parse(body, strlen(body), "test", &j, &e) < 0 ||
	    tuf_canonical(j, &message, &e) < 0)
		abort();
	buf_printf(&file, "{\"signed\":%s,\"signatures\":[", body);
	for (const char *s = signers; *s; s++) {
		auto_buf sig = BUF_INIT(1024);

		if (key_sign(key_at(*s - '0'), buf_str(&message), message.n, &sig, &e) < 0)
			abort();
		buf_printf(&file, "%s{\"keyid\":\"k%c\",\"sig\":\"", s == signers ? "" : ",", *s);
		hex_put(&file, sig.p, sig.n);
		buf_puts(&file, "\"}");
	}
	buf_puts(&file, "]}");
	return file;
}

/* Roles: root by `root` ("01") of threshold n; timestamp by key 2, snapshot by 3, targets by 4. */
static struct buf make_root(int version, const char *root, int threshold, const char *expires,
			    const char *signers)
{
	auto_buf b = BUF_INIT(8192);

	buf_printf(&b,
		   "{\"_type\":\"root\",\"spec_version\":\"1.0\",\"version\":%d,\"expires\":\"%s\","
		   "\"consistent_snapshot\":true,\"keys\":{",
		   version, expires);
	for (int i = 0; i < 5; i++) {
		buf_puts(&b, i ? "," : "");
		put_key(&b, i, i);
	}
	buf_puts(&b, "},\"roles\":{\"root\":{\"keyids\":[");
	for (const char *s = root; *s; s++)
		buf_printf(&b, "%s\"k%c\"", s == root ? "" : ",", *s);
	buf_printf(&b,
		   "],\"threshold\":%d},\"timestamp\":{\"keyids\":[\"k2\"],\"threshold\":1},"
		   "\"snapshot\":{\"keyids\":[\"k3\"],\"threshold\":1},"
		   "\"targets\":{\"keyids\":[\"k4\"],\"threshold\":1}}}",
		   threshold);
	return sign(buf_str(&b), signers);
}

static struct buf make_meta(const char *type, int version, const char *expires, const char *meta,
			    const char *signers)
{
	auto_buf b = BUF_INIT(8192);

	buf_printf(
		&b,
		"{\"_type\":\"%s\",\"spec_version\":\"1.0\",\"version\":%d,\"expires\":\"%s\",%s}",
		type, version, expires, meta);
	return sign(buf_str(&b), signers);
}

#define META(name, n) "\"meta\":{\"" name "\":{\"version\":" n "}}"

typedef int step_fn(struct tuf_set *s, struct str bytes, struct err *e);

static int fetched_timestamp(struct tuf_set *s, struct str bytes, struct err *e)
{
	return tuf_timestamp(s, bytes, TUF_FETCHED, e);
}
static int kept_timestamp(struct tuf_set *s, struct str bytes, struct err *e)
{
	return tuf_timestamp(s, bytes, TUF_KEPT, e);
}
static int fetched_snapshot(struct tuf_set *s, struct str bytes, struct err *e)
{
	return tuf_snapshot(s, bytes, TUF_FETCHED, e);
}
static int kept_snapshot(struct tuf_set *s, struct str bytes, struct err *e)
{
	return tuf_snapshot(s, bytes, TUF_KEPT, e);
}
static int top_targets(struct tuf_set *s, struct str bytes, struct err *e)
{
	return tuf_targets(s, "targets", "root", bytes, e);
}

/* One step: its result, and what is in the message when it is refused. Takes the file. */
static void step(struct tuf_set *s, step_fn *fn, struct buf file, int want, const char *said)
{
	struct err e = ERR_INIT;
	int r = fn(s, (struct str){ buf_str(&file), file.n }, &e);

	if (r != want || (said && !strstr(e.msg, said)))
		printf("# %d '%s', want %d '%s'\n", r, e.msg, want, said ? said : "");
	CHECK(r == want);
	CHECK(!said || strstr(e.msg, said) != NULL);
	buf_free(&file);
}

static struct tuf_set *set_new(void)
{
	struct tuf_set *s = NULL;
	struct err e = ERR_INIT;

	if (tuf_set_new(NOW, &s, &e) < 0)
		abort();
	return s;
}

TEST(roots)
{
	auto_release(tuf_set_free) struct tuf_set *s = set_new();
	struct err e = ERR_INIT;

	step(s, tuf_first_root, make_root(1, "01", 2, LATER, "0"), E_VERIFY, "1 of its keys, 2");
	step(s, tuf_first_root, make_root(1, "01", 2, LATER, "02"), E_VERIFY, "1 of its keys, 2");
	step(s, tuf_first_root, make_root(1, "01", 2, BEFORE, "01"), 0, NULL);
	CHECK(tuf_root_final(s, &e) == E_VERIFY);
	step(s, tuf_next_root, make_root(2, "01", 2, LATER, "0"), E_VERIFY, "keys of version 1");
	step(s, tuf_next_root, make_root(3, "01", 2, LATER, "01"), E_VERIFY, "does not follow");
	step(s, tuf_next_root, make_root(1, "01", 2, LATER, "01"), E_VERIFY, "does not follow");
	step(s, tuf_next_root, make_root(2, "23", 2, LATER, "01"), E_VERIFY, "by its own keys");
	step(s, tuf_next_root, make_root(2, "23", 2, LATER, "23"), E_VERIFY, "keys of version 1");
	CHECK(tuf_root_version(s) == 1);
	step(s, tuf_next_root, make_root(2, "23", 2, LATER, "0123"), 0, NULL);
	step(s, tuf_next_root, make_root(3, "23", 1, LATER, "23"), 0, NULL);
	step(s, tuf_next_root, make_root(4, "2", 1, LATER, "2"), 0, NULL);
	CHECK(tuf_root_version(s) == 4 && tuf_root_final(s, &e) == 0);
	CHECK(tuf_consistent(s) && !tuf_recovers(s));
}

static struct tuf_set *set_with_root(void)
{
	struct tuf_set *s = set_new();

	step(s, tuf_first_root, make_root(1, "0", 1, LATER, "0"), 0, NULL);
	return s;
}

TEST(timestamps)
{
	auto_release(tuf_set_free) struct tuf_set *s = set_with_root();
	struct err e = ERR_INIT;
	uint64_t version, max;

	CHECK(tuf_timestamp_final(s, &e) == E_VERIFY);
	step(s, fetched_timestamp,
	     make_meta("timestamp", 5, LATER, META("snapshot.json", "7"), "3"), E_VERIFY,
	     "signed by 0");
	step(s, fetched_timestamp, make_meta("snapshot", 5, LATER, META("snapshot.json", "7"), "2"),
	     E_FORMAT, "want timestamp metadata");
	step(s, fetched_timestamp,
	     make_meta("timestamp", 5, BEFORE, META("snapshot.json", "7"), "2"), E_VERIFY,
	     "expired");
	step(s, kept_timestamp, make_meta("timestamp", 5, BEFORE, META("snapshot.json", "7"), "2"),
	     0, NULL);
	CHECK(tuf_timestamp_final(s, &e) == E_VERIFY);
	/* An expired one still says what may not come after it. */
	step(s, fetched_timestamp,
	     make_meta("timestamp", 4, LATER, META("snapshot.json", "8"), "2"), E_VERIFY,
	     "timestamp version 4 is older");
	step(s, fetched_timestamp,
	     make_meta("timestamp", 6, LATER, META("snapshot.json", "6"), "2"), E_VERIFY,
	     "snapshot version 6 is older");
	step(s, fetched_timestamp,
	     make_meta("timestamp", 5, LATER, META("snapshot.json", "9"), "2"), 1, NULL);
	step(s, fetched_timestamp,
	     make_meta("timestamp", 6, LATER, META("snapshot.json", "7"), "2"), 0, NULL);
	CHECK(tuf_timestamp_final(s, &e) == 0);
	CHECK(tuf_listed(s, "snapshot", &version, &max, &e) == 0 && version == 7 &&
	      max == LIMIT_TUF_SNAPSHOT);
}

/* At the second of its expiry it is over. */
TEST(expiry_to_the_second)
{
	auto_release(tuf_set_free) struct tuf_set *s = set_with_root();

	step(s, fetched_timestamp,
	     make_meta("timestamp", 1, "2030-03-17T17:46:40Z", META("snapshot.json", "1"), "2"),
	     E_VERIFY, "expired");
	step(s, fetched_timestamp,
	     make_meta("timestamp", 1, "2030-03-17T17:46:41Z", META("snapshot.json", "1"), "2"), 0,
	     NULL);
}

TEST(snapshots)
{
	auto_release(tuf_set_free) struct tuf_set *s = set_with_root();
	struct err e = ERR_INIT;
	uint64_t version, max;

	step(s, fetched_snapshot, make_meta("snapshot", 7, LATER, META("targets.json", "3"), "3"),
	     E_VERIFY, "there is no timestamp");
	step(s, fetched_timestamp,
	     make_meta("timestamp", 1, LATER, META("snapshot.json", "7"), "2"), 0, NULL);
	step(s, fetched_snapshot, make_meta("snapshot", 7, LATER, META("targets.json", "3"), "2"),
	     E_VERIFY, "signed by 0");
	step(s, fetched_snapshot, make_meta("snapshot", 7, BEFORE, META("targets.json", "3"), "3"),
	     E_VERIFY, "expired");
	step(s, fetched_snapshot, make_meta("snapshot", 6, LATER, META("targets.json", "3"), "3"),
	     E_VERIFY, "names 7");
	step(s, kept_snapshot,
	     make_meta("snapshot", 6, BEFORE,
		       "\"meta\":{\"targets.json\":{\"version\":3},\"a.json\":{\"version\":2}}",
		       "3"),
	     1, NULL);
	step(s, fetched_snapshot, make_meta("snapshot", 7, LATER, META("targets.json", "3"), "3"),
	     E_VERIFY, "lists a.json no more");
	step(s, fetched_snapshot,
	     make_meta("snapshot", 7, LATER,
		       "\"meta\":{\"targets.json\":{\"version\":3},\"a.json\":{\"version\":1}}",
		       "3"),
	     E_VERIFY, "a.json version 1 is older");
	/* What is only there to compare with does not let targets in. */
	step(s, top_targets, make_meta("targets", 3, LATER, "\"targets\":{}", "4"), E_INTERNAL,
	     "out of their turn");
	step(s, fetched_snapshot,
	     make_meta("snapshot", 7, LATER,
		       "\"meta\":{\"targets.json\":{\"version\":4,\"length\":9},"
		       "\"a.json\":{\"version\":2}}",
		       "3"),
	     0, NULL);
	CHECK(tuf_listed(s, "targets", &version, &max, &e) == 0 && version == 4 && max == 9);
	CHECK(tuf_listed(s, "b", &version, &max, &e) == E_VERIFY);
}

static struct tuf_set *set_with_snapshot(const char *meta)
{
	struct tuf_set *s = set_with_root();

	step(s, fetched_timestamp,
	     make_meta("timestamp", 1, LATER, META("snapshot.json", "1"), "2"), 0, NULL);
	step(s, fetched_snapshot, make_meta("snapshot", 1, LATER, meta, "3"), 0, NULL);
	return s;
}

/* A targets file that delegates "a/…" to role a, of keys 0 and 1 (the latter under a second keyid
 * too), threshold 2. */
static struct buf make_delegating(void)
{
	auto_buf b = BUF_INIT(8192);

	buf_puts(&b, "\"targets\":{\"t\":{\"length\":5,\"hashes\":{\"sha256\":\"00\"}}},"
		     "\"delegations\":{\"keys\":{");
	put_key(&b, 0, 0);
	buf_putc(&b, ',');
	put_key(&b, 1, 1);
	buf_putc(&b, ',');
	put_key(&b, 1, 2);
	buf_puts(&b,
		 "},\"roles\":[{\"name\":\"a\",\"keyids\":[\"k0\",\"k1\",\"k2\"],\"threshold\":2,"
		 "\"terminating\":true,\"paths\":[\"a/*\"]},"
		 "{\"name\":\"b\",\"keyids\":[],\"threshold\":1,\"terminating\":false,"
		 "\"paths\":[\"*\",\"a/*\"]}]}");
	return make_meta("targets", 3, LATER, buf_str(&b), "4");
}

static int role_a(struct tuf_set *s, struct str bytes, struct err *e)
{
	return tuf_targets(s, "a", "targets", bytes, e);
}
static int role_c(struct tuf_set *s, struct str bytes, struct err *e)
{
	return tuf_targets(s, "c", "targets", bytes, e);
}

TEST(targets_and_delegation)
{
	auto_release(tuf_set_free) struct tuf_set *s = set_with_snapshot(
		"\"meta\":{\"targets.json\":{\"version\":3},\"a.json\":{\"version\":1},"
		"\"c.json\":{\"version\":1}}");
	struct tuf_target t;
	struct err e = ERR_INIT;
	auto_strv names = { 0 }, more = { 0 };
	bool last;
	struct buf twin;

	step(s, top_targets, make_meta("targets", 2, LATER, "\"targets\":{}", "4"), E_VERIFY,
	     "names 3");
	step(s, top_targets, make_meta("targets", 3, BEFORE, "\"targets\":{}", "4"), E_VERIFY,
	     "expired");
	step(s, top_targets, make_meta("targets", 3, LATER, "\"targets\":{}", "3"), E_VERIFY,
	     "signed by 0");
	CHECK(!tuf_find(s, "targets", "t", &t));
	step(s, top_targets, make_delegating(), 0, NULL);
	CHECK(tuf_find(s, "targets", "t", &t) && t.length == 5);
	CHECK(!tuf_find(s, "targets", "u", &t));
	CHECK(tuf_delegates(s, "targets", "a/x", &names, &last, &e) == 0 && last);
	CHECK(names.n == 1 && strcmp(names.v[0], "a") == 0);
	CHECK(tuf_delegates(s, "targets", "x", &more, &last, &e) == 0 && !last);
	CHECK(more.n == 1 && strcmp(more.v[0], "b") == 0);
	/* One key under two keyids signs twice, and counts once. */
	step(s, role_a, make_meta("targets", 1, LATER, "\"targets\":{}", "11"), E_FORMAT,
	     "two signatures");
	twin = make_meta("targets", 1, LATER, "\"targets\":{}", "11");
	memcpy(strrchr(twin.p, 'k'), "k2", 2);
	step(s, role_a, twin, E_VERIFY, "signed by 1 of its keys, 2");
	step(s, role_a, make_meta("targets", 1, LATER, "\"targets\":{}", "0"), E_VERIFY,
	     "signed by 1 of its keys, 2");
	step(s, role_a, make_meta("targets", 1, LATER, "\"targets\":{}", "01"), 0, NULL);
	/* Listed, but nobody delegates to it. */
	step(s, role_c, make_meta("targets", 1, LATER, "\"targets\":{}", "01"), E_VERIFY,
	     "nobody delegates");
}

/* Every bit of a signed file flipped: none is accepted as something new. */
TEST(flipped_bits)
{
	auto_release(tuf_set_free) struct tuf_set *s = set_with_root();
	struct buf good = make_meta("timestamp", 1, LATER, META("snapshot.json", "1"), "2");
	struct tuf_role role;
	auto_release(tuf_doc_free) struct tuf_doc *root = NULL, *want = NULL;
	struct buf root_file = make_root(1, "0", 1, LATER, "0");
	struct err e = ERR_INIT;
	int accepted = 0;

	CHECK(tuf_doc_parse(&tuf_1_0, (struct str){ root_file.p, root_file.n }, TUF_ROOT, &root,
			    &e) == 0);
	CHECK(tuf_doc_parse(&tuf_1_0, (struct str){ good.p, good.n }, TUF_TIMESTAMP, &want, &e) ==
	      0);
	CHECK(tuf_root_role(root, "timestamp", &role, &e) == 0);
	CHECK(tuf_verify(want, &role, &e) == 0);
	for (size_t bit = 0; bit < 8 * good.n; bit++) {
		auto_release(tuf_doc_free) struct tuf_doc *d = NULL;

		good.p[bit / 8] = (char)(good.p[bit / 8] ^ 1 << bit % 8);
		if (tuf_doc_parse(&tuf_1_0, (struct str){ good.p, good.n }, TUF_TIMESTAMP, &d,
				  NULL) == 0 &&
		    tuf_verify(d, &role, NULL) == 0) {
			accepted++;
			CHECK(json_equal(d->body, want->body));
		}
		good.p[bit / 8] = (char)(good.p[bit / 8] ^ 1 << bit % 8);
	}
	CHECK(accepted == 0);
	buf_free(&good);
	buf_free(&root_file);
}

TEST(hashes)
{
	static const char abc256[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	static const struct {
		const char *meta;
		int want;
	} cases[] = {
		{ "{\"version\":1}", 0 },
		{ "{\"length\":3}", 0 },
		{ "{\"length\":4}", E_VERIFY },
		{ "{\"length\":2}", E_VERIFY },
		{ "{\"hashes\":{\"sha256\":\"%s\"}}", 0 },
		{ "{\"hashes\":{\"sha384\":\"%s\"}}", E_VERIFY },
		{ "{\"hashes\":{\"sha256\":\"%s\",\"sha512\":\"00\"}}", E_VERIFY },
		{ "{\"hashes\":{\"sha256\":\"%s\",\"md5\":\"00\"}}", E_VERIFY },
		{ "{\"hashes\":{\"sha256\":\"\"}}", E_VERIFY },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *at = strstr(cases[i].meta, "%s");
		auto_buf b = BUF_INIT(1000);
		auto_json *j = NULL;
		struct err e = ERR_INIT;

		buf_put(&b, cases[i].meta,
			at ? (size_t)(at - cases[i].meta) : strlen(cases[i].meta));
		if (at) {
			buf_puts(&b, abc256);
			buf_puts(&b, at + 2);
		}
		CHECK(json_parse(buf_str(&b), b.n, "test", &j, &e) == 0);
		CHECK(tuf_check_bytes(STR("abc"), j, &e) == cases[i].want);
	}
}

TEST(keys_are_let_go)
{
	for (int i = 0; i < 6; i++) {
		key_free(keys[i]);
		keys[i] = NULL;
	}
	CHECK(keys[0] == NULL);
}

TAP_MAIN()
