/* SPDX-License-Identifier: Apache-2.0 */
/* The form of Notary v1's documents: what is accepted, each limit, and each way to be wrong. */
#include "notary1_world.h"
#include "tap.h"

static int parse(const char *text, size_t n, enum tuf_kind kind, struct err *e)
{
	auto_release(tuf_doc_free) struct tuf_doc *d = NULL;

	return tuf_doc_parse(&tuf_dialect_notary, (struct str){ text, n }, kind, &d, e);
}

/* The document with the first `from` in it replaced. */
static void put_changed(const struct buf *good, const char *from, const char *to, struct buf *ret)
{
	const char *text = good->p, *at = memmem(good->p, good->n, from, strlen(from));

	if (!at) {
		printf("# '%s' is not there\n", from);
		tap_failed = 1;
		at = text;
	}
	buf_put(ret, text, (size_t)(at - text));
	buf_puts(ret, to);
	buf_put(ret, at + strlen(from), good->n - (size_t)(at - text) - strlen(from));
}

struct change {
	const char *from, *to, *said; /* said NULL: still accepted */
};

static void try_all(const struct buf *good, enum tuf_kind kind, const struct change *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_buf text = BUF_INIT(LIMIT_TUF_TARGETS);
		struct err e = ERR_INIT;
		int r;

		put_changed(good, v[i].from, v[i].to, &text);
		r = parse(buf_str(&text), text.n, kind, &e);
		if ((r < 0) != (v[i].said != NULL) ||
		    (v[i].said && (r != E_FORMAT || !strstr(e.msg, v[i].said)))) {
			printf("# %s -> %s: %d '%s'\n", v[i].from, v[i].to, r, e.msg);
			tap_failed = 1;
		}
	}
}
#define TRY(good, kind, v) try_all((good), (kind), (v), sizeof(v) / sizeof((v)[0]))

static const char one_file[] = "one";

TEST(timestamps)
{
	static const struct change changes[] = {
		{ "\"_type\"", "\"_type\"", NULL },
		{ "\"Timestamp\"", "\"timestamp\"", "want Timestamp" },
		{ "\"Timestamp\"", "\"Snapshot\"", "want Timestamp" },
		{ "\"version\":1}", "\"version\":1,\"version\":1}", "duplicate" },
		{ "\"version\":1}", "\"version\":1,\"spec_version\":\"1.0\"}", "unknown member" },
		{ "\"version\":1}", "\"version\":1,\"Version\":2}", "unknown member 'Version'" },
		{ "\"version\":1}", "\"version\":0}", "version 0" },
		{ "\"version\":1}", "\"version\":1.0}", "" },
		{ "\"version\":1}", "\"version\":-1}", "" },
		{ "\"version\":1}", "\"version\":\"1\"}", "" },
		{ "T00:00:00.123456789+02:00", "T00:00:00Z", NULL },
		{ "T00:00:00.123456789+02:00", "", "" },
		{ "T00:00:00.123456789+02:00", "T25:00:00Z", "" },
		{ "\"snapshot\":{", "\"snapshot.json\":{", "does not list snapshot" },
		{ "\"sha256\"", "\"sha1\"", "unknown member 'sha1'" },
		{ "\"sha256\":\"", "\"sha256\":\"=", "not base64 of 32" },
		{ "\"sha512\":\"", "\"sha512\":\"AAAA", "not base64 of 64" },
		{ "\"length\":3", "\"length\":\"3\"", "" },
		{ "\"length\":3", "\"length\":-3", "" },
		{ "\"length\":3", "\"length\":3,\"custom\":{\"a\":[1]}", NULL },
		{ "\"length\":3", "\"length\":3,\"custom\":{\"a\":1.5}", "fraction" },
		{ "\"length\":3", "\"length\":3,\"more\":1", "unknown member 'more'" },
		{ ",\"length\":3", "", "" },
		{ "\"method\":\"rsapss\"", "\"method\":1", "" },
		{ "\"method\":\"rsapss\",", "", "" },
		{ "\"method\":", "\"Method\":\"ecdsa\",\"method\":", "unknown member 'Method'" },
		{ "\"signatures\":[", "\"signatures\":[],\"Signatures\":[", "unknown member" },
		{ "\"signed\":", "\"also\":1,\"signed\":", "unknown member 'also'" },
		{ "]}", "]} ", NULL },
		{ "]}", "]}{}", "" },
		{ "{\"signed\"", "[{\"signed\"", "" },
	};
	const struct buf content = { .p = (char *)(uintptr_t)one_file, .n = 3 };
	auto_buf good = make_timestamp(1, &content, LATER);

	TRY(&good, TUF_TIMESTAMP, changes);
}

TEST(snapshots)
{
	static const struct change changes[] = {
		{ "\"root\":", "\"root\":", NULL },
		{ "\"root\":", "\"boot\":", "does not list root" },
		{ "\"targets\":", "\"target\":", "does not list targets" },
		{ "\"targets\":", "\"\":{},\"targets\":", "1 to" },
	};
	const struct buf content = { .p = (char *)(uintptr_t)one_file, .n = 3 };
	auto_buf good = make_snapshot(1, &content, &content, &content, LATER);

	TRY(&good, TUF_SNAPSHOT, changes);
}

TEST(roots)
{
	static const struct change changes[] = {
		{ "\"threshold\":2", "\"threshold\":2", NULL },
		{ "\"threshold\":2", "\"threshold\":0", "threshold 0" },
		{ "\"threshold\":2", "\"threshold\":2,\"paths\":[]", "unknown member" },
		{ "\"consistent_snapshot\":false", "\"consistent_snapshot\":0", "not a boolean" },
		{ "\"consistent_snapshot\":false,", "", "not a boolean" },
		{ "\"private\":null", "\"private\":\"AA==\"", "'private' is not null" },
		{ "\"private\":null,", "", "'private' is not null" },
		{ "\"keytype\":\"ecdsa\"", "\"keytype\":\"rsa\"", "key's id is" },
		{ "\"keytype\":\"ecdsa\"", "\"scheme\":\"x\",\"keytype\":\"ecdsa\"", "unknown" },
		{ "\"timestamp\":{\"keyids\"", "\"mirror\":{\"keyids\"",
		  "unknown member 'mirror'" },
		{ "\"snapshot\":{", "\"snapshot\":{},\"snapshot\":{", "duplicate" },
		{ "\"Root\"", "\"root\"", "want Root" },
	};
	auto_buf good = make_root(1, "AB", 2, "AB");

	TRY(&good, TUF_ROOT, changes);
}

TEST(delegations)
{
	static const struct change changes[] = {
		{ "\"paths\":[\"v\"]", "\"paths\":[\"\",\"a/b\"]", NULL },
		{ "\"paths\":[\"v\"],", "", NULL },
		{ "\"paths\":[\"v\"]", "\"paths\":null", NULL },
		{ "\"paths\":[\"v\"]", "\"paths\":\"v\"", "not an array" },
		{ "\"paths\":[\"v\"]", "\"paths\":[1]", "not a string" },
		{ "\"paths\":[\"v\"]", "\"path_hash_prefixes\":[]", NULL },
		{ "\"paths\":[\"v\"]", "\"path_hash_prefixes\":[\"00\"]", "not known" },
		{ "\"paths\":[\"v\"]", "\"terminating\":true", "unknown member 'terminating'" },
		{ "targets/releases", "targets/a/b-c_9", NULL },
		{ "targets/releases", "targets", "no name 'targets/" },
		{ "targets/releases", "targets/", "no name" },
		{ "targets/releases", "targets//a", "no name" },
		{ "targets/releases", "targets/../root", "no name" },
		{ "targets/releases", "targets/A", "no name" },
		{ "targets/releases", "root", "no name" },
		{ "\"threshold\":1", "\"threshold\":-1", "" },
		{ "\"v1\":{", "\"\":{", "1 to" },
		{ "\"delegations\":{", "\"delegations\":{\"succinct_roles\":{},",
		  "unknown member" },
	};
	static const struct change none = { "\"roles\":[]", "\"roles\":null", NULL };
	auto_buf good = sign(targets_body(1, "v1", one_file, "v"), "t");
	auto_buf plain = sign(targets_body(1, "v1", one_file, NULL), "t");

	TRY(&good, TUF_TARGETS, changes);
	try_all(&plain, TUF_TARGETS, &none, 1);
}

/* A role's name, and the nesting and size of a file: at the limit, and one past it. */
TEST(limits)
{
	auto_buf good = sign(targets_body(1, "v1", one_file, "v"), "t");
	const struct buf content = { .p = (char *)(uintptr_t)one_file, .n = 3 };
	auto_buf timestamp = make_timestamp(1, &content, LATER);

	for (int past = 0; past < 2; past++) {
		auto_buf name = BUF_INIT(200), text = BUF_INIT(LIMIT_TUF_TARGETS);
		auto_buf deep = BUF_INIT(2000), nested = BUF_INIT(LIMIT_TUF_TARGETS);
		auto_buf large = BUF_INIT(LIMIT_TUF_TIMESTAMP + 2);
		struct err e = ERR_INIT;
		int depth = LIMIT_JSON_DEPTH - 6 + past * 8;

		buf_puts(&name, "targets/");
		while (name.n < LIMIT_TUF_NAME + (size_t)past)
			buf_putc(&name, 'a');
		put_changed(&good, "targets/releases", buf_str(&name), &text);
		CHECK(parse(buf_str(&text), text.n, TUF_TARGETS, &e) == (past ? E_FORMAT : 0));

		buf_puts(&deep, "\"length\":3,\"custom\":");
		for (int i = 0; i < depth; i++)
			buf_putc(&deep, '[');
		for (int i = 0; i < depth; i++)
			buf_putc(&deep, ']');
		put_changed(&timestamp, "\"length\":3", buf_str(&deep), &nested);
		CHECK(parse(buf_str(&nested), nested.n, TUF_TIMESTAMP, &e) ==
		      (past ? E_FORMAT : 0));

		buf_put(&large, timestamp.p, timestamp.n);
		while (large.n < LIMIT_TUF_TIMESTAMP + (size_t)past)
			buf_putc(&large, ' ');
		CHECK(parse(large.p, large.n, TUF_TIMESTAMP, &e) == (past ? E_FORMAT : 0));
	}
}

/* A signature's method is the key's, and its bytes have one form. */
TEST(signatures)
{
	static const struct {
		const char *from, *to, *said;
	} changes[] = {
		{ "\"rsapss\"", "\"rsapss\"", NULL },
		{ "\"rsapss\"", "\"rsapkcs1v15\"", "does not sign by 'rsapkcs1v15'" },
		{ "\"rsapss\"", "\"ecdsa\"", "does not sign by 'ecdsa'" },
		{ "\"sig\":\"", "\"sig\":\"=", "" },
		{ "\"sig\":\"", "\"sig\":\"AAAA", "does not hold" },
	};
	const struct buf content = { .p = (char *)(uintptr_t)one_file, .n = 3 };
	auto_buf good = make_timestamp(1, &content, LATER), root_file = make_root(1, "A", 1, "A");
	auto_release(tuf_doc_free) struct tuf_doc *root = NULL;
	struct tuf_role role;
	struct err e = ERR_INIT;

	must(tuf_doc_parse(&tuf_dialect_notary, (struct str){ root_file.p, root_file.n }, TUF_ROOT,
			   &root, &e));
	must(tuf_root_role(root, "timestamp", &role, &e));
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		auto_release(tuf_doc_free) struct tuf_doc *d = NULL;
		auto_buf text = BUF_INIT(LIMIT_TUF_TIMESTAMP);
		struct err why = ERR_INIT;

		put_changed(&good, changes[i].from, changes[i].to, &text);
		must(tuf_doc_parse(&tuf_dialect_notary, (struct str){ text.p, text.n },
				   TUF_TIMESTAMP, &d, &e));
		CHECK(tuf_verify(d, &role, &why) == (changes[i].said ? E_VERIFY : 0));
		if (changes[i].said && !strstr(why.msg, changes[i].said)) {
			printf("# %zu: %s\n", i, why.msg);
			tap_failed = 1;
		}
	}
}

TAP_MAIN()
