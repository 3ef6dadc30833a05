/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever changes keys may be killed at any step: what is done after finds all or nothing. */
#include "base/clock.h"
#include "tap.h"
#include "temp_state.h"

#define SUBJECT "C=US,ST=WA,O=acme,CN=build"

static void init(const struct temp *t, const char *name)
{
	const struct trust_init_opts o = { .name = name, .kind = KEY_EC_P256, .subject = SUBJECT };
	struct err e = ERR_INIT;

	CHECK(trust_init(&t->state, &o, NULL, &e) == 0);
}

static void certificate(const struct temp *t, const char *name, char ret[THUMBPRINT_MAX])
{
	auto_close int dir = trust_dir(&t->state, false, NULL);
	auto_chain c = { .n = 0 };
	struct err e = ERR_INIT;

	ret[0] = '\0';
	if (trust_key_chain(dir, name, &c, &e) == 0)
		cert_thumbprint(c.v[0], ret);
}

static int sign(const struct temp *t, const char *name, struct err *e)
{
	const struct trust_sign_opts o = { .key = name };
	struct desc sig;

	return trust_sign(&t->state, t->store, &t->image, &o, &sig, NULL, e);
}

/* What trust_key_move() leaves when it is killed after so many renames. */
static void die_after(const struct temp *t, int renames, const char *from, const char *to)
{
	static const char *const order[] = { ".pub", ".crt", ".pem" };
	auto_close int dir = trust_dir(&t->state, false, NULL);
	struct withdrawal w = { .since = clock_now(), .until = clock_now() + 86400 };
	auto_chain old = { .n = 0 };
	auto_buf note = BUF_INIT(1024);
	struct err e = ERR_INIT;

	CHECK(trust_key_chain(dir, to, &old, &e) == 0 && withdrawal_of(old.v[0], &w, &e) == 0 &&
	      withdrawn_add(dir, &w, NULL, &e) == 0);
	if (renames < 0)
		return;
	buf_printf(&note, "%s %s %s pub crt pem", from, to, w.key);
	CHECK(fs_write_file(dir, "keys/.move", note.p, note.n, 0600, &e) == 0);
	for (int i = 0; i < renames; i++) {
		char a[128], b[128];

		(void)snprintf(a, sizeof(a), "keys/%s%s", from, order[i]);
		(void)snprintf(b, sizeof(b), "keys/%s%s", to, order[i]);
		CHECK(renameat(dir, a, dir, b) == 0);
	}
}

static size_t withdrawn(const struct temp *t)
{
	auto_close int dir = trust_dir(&t->state, false, NULL);
	auto_withdrawn w = { 0 };
	struct err e = ERR_INIT;

	CHECK(withdrawn_load(dir, &w, &e) == 0);
	return w.n;
}

/* -1: between the withdrawal and the note. */
TEST(a_rotation_is_done_again)
{
	for (int killed = -1; killed <= 3; killed++) {
		const struct trust_rotate_opts o = { .name = "ci",
						     .to = "next",
						     .until = clock_now() + 86400 };
		char old[THUMBPRINT_MAX], next[THUMBPRINT_MAX], is[THUMBPRINT_MAX],
			got[THUMBPRINT_MAX];
		struct withdrawal w = { 0 };
		struct err e = ERR_INIT;
		auto_temp t;

		temp_open(&t);
		init(&t, "ci");
		init(&t, "next");
		certificate(&t, "ci", old);
		certificate(&t, "next", next);
		die_after(&t, killed, "next", "ci");
		CHECK(trust_rotate(&t.state, &o, &w, got, &e) == 0);
		if (e.code)
			printf("# killed at %d: %s\n", killed, e.msg);
		certificate(&t, "ci", is);
		CHECK_STR(is, next);
		CHECK_STR(got, next);
		CHECK(w.until != 0 && withdrawn(&t) == 1);
		certificate(&t, "next", is);
		CHECK_STR(is, "");
		CHECK(sign(&t, "ci", &e) == 0);
	}
}

/* Who signs next finds a whole key. */
TEST(signing_after_it)
{
	for (int killed = 0; killed <= 3; killed++) {
		struct err e = ERR_INIT;
		auto_temp t;

		temp_open(&t);
		init(&t, "ci");
		init(&t, "next");
		die_after(&t, killed, "next", "ci");
		CHECK(sign(&t, "ci", &e) == 0);
		CHECK(!fs_exists(t.state.fd, "trust/keys/.move") &&
		      !fs_exists(t.state.fd, "trust/keys/next.pem"));
	}
}

static size_t trusted(const struct temp *t)
{
	auto_json *all = NULL;
	struct err e = ERR_INIT;

	CHECK(trust_list(&t->state, NULL, &all, &e) == 0);
	return json_array_size(json_object_get(all, "certificates"));
}

/* A successor that never took the place is trusted no more. */
TEST(a_successor_of_ones_own)
{
	const struct trust_rotate_opts o = { .name = "ci", .until = clock_now() + 86400 };
	char left[THUMBPRINT_MAX], got[THUMBPRINT_MAX];
	struct withdrawal w = { 0 };
	struct err e = ERR_INIT;
	auto_temp t;

	temp_open(&t);
	init(&t, "ci");
	init(&t, "ci.next");
	certificate(&t, "ci.next", left);
	CHECK(trusted(&t) == 2);
	CHECK(trust_rotate(&t.state, &o, &w, got, &e) == 0);
	CHECK(strcmp(left, got) != 0 && trusted(&t) == 2);
	CHECK(!fs_exists(t.state.fd, "trust/keys/ci.next.pem"));
	CHECK(sign(&t, "ci", &e) == 0);
}

TEST(somebody_elses_key_of_that_name)
{
	const struct trust_init_opts other = { .name = "ci.next",
					       .kind = KEY_EC_P256,
					       .subject = "C=US,ST=WA,O=acme,CN=other" };
	const struct trust_rotate_opts o = { .name = "ci", .until = clock_now() + 86400 };
	char got[THUMBPRINT_MAX];
	struct withdrawal w = { 0 };
	struct err e = ERR_INIT;
	auto_temp t;

	temp_open(&t);
	init(&t, "ci");
	CHECK(trust_init(&t.state, &other, NULL, &e) == 0);
	CHECK(trust_rotate(&t.state, &o, &w, got, &e) == E_USAGE && strstr(e.hint, "--to"));
	CHECK(fs_exists(t.state.fd, "trust/keys/ci.next.pem") && withdrawn(&t) == 0);
}

TEST(private_halves_that_never_became_keys)
{
	struct err e = ERR_INIT;
	auto_temp t;

	temp_open(&t);
	init(&t, "ci");
	CHECK(fs_write_file(t.state.fd, "trust/keys/.new-0123", "key", 3, 0600, &e) == 0);
	init(&t, "qa");
	CHECK(!fs_exists(t.state.fd, "trust/keys/.new-0123"));
	CHECK(fs_exists(t.state.fd, "trust/keys/ci.pem") &&
	      fs_exists(t.state.fd, "trust/keys/qa.pem"));
}

TEST(a_note_that_is_not_ours)
{
	static const char *const bad[] = { "",	      "a", "a b", "../a b c pem", "a ../b c pem",
					   "a b  pem" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;
		auto_temp t;

		temp_open(&t);
		init(&t, "ci");
		CHECK(fs_write_file(t.state.fd, "trust/keys/.move", bad[i], strlen(bad[i]), 0600,
				    &e) == 0);
		CHECK(sign(&t, "ci", &e) == E_FORMAT && strstr(e.msg, "keys/.move"));
	}
}

TAP_MAIN()
