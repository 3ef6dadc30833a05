/* SPDX-License-Identifier: Apache-2.0 */
/* Roots that wait for signatures. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pipeline/tuf/roots.h"
#include "tap.h"

#define SCOPE "registry.example/team/"

struct temp {
	char path[40];
	struct state state;
};

static void temp_open(struct temp *t)
{
	struct err e = ERR_INIT;

	(void)snprintf(t->path, sizeof(t->path), "/tmp/plimsoll-roots-XXXXXX");
	if (!mkdtemp(t->path) || state_open(&t->state, t->path, &e) < 0)
		abort();
}

static void temp_close(struct temp *t)
{
	auto_close int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	state_close(&t->state);
	(void)fs_remove_tree(tmp, t->path + strlen("/tmp/"), NULL);
}
#define auto_temp __attribute__((cleanup(temp_close))) struct temp

/* The root that waits, with another signature by the same key. */
static void forge(const struct buf *root, struct buf *ret)
{
	char *sig;

	buf_put(ret, root->p, root->n);
	sig = strstr(ret->p, "\"sig\":\"");
	CHECK(sig != NULL);
	if (sig)
		sig[7] = sig[7] == '0' ? '1' : '0';
}

TEST(a_bad_signature_takes_no_place_of_a_good_one)
{
	auto_json *none = json_array();
	const struct tuf_init_opts o = { .scope = SCOPE,
					 .kind = KEY_ED25519,
					 .root_keys = none,
					 .root_here = 1,
					 .threshold = 1 };
	auto_buf root = BUF_INIT(LIMIT_TUF_ROOT + 2), bad = BUF_INIT(LIMIT_TUF_ROOT + 2),
		 after = BUF_INIT(LIMIT_TUF_ROOT + 2);
	struct err e = ERR_INIT;
	struct tuf_pending p;
	auto_temp t;

	temp_open(&t);
	CHECK(tuf_repo_init(&t.state, &o, &p, &e) == 0 && p.complete);
	CHECK(tuf_root_export(&t.state, SCOPE, true, &root, &e) == 0);
	forge(&root, &bad);
	CHECK(tuf_root_import(&t.state, SCOPE, (struct str){ bad.p, bad.n }, &p, &e) == E_VERIFY);
	CHECK(strstr(e.msg, "does not hold") != NULL);
	CHECK(tuf_root_export(&t.state, SCOPE, true, &after, &e) == 0);
	CHECK_STR(buf_str(&after), buf_str(&root));
	/* The same again changes nothing. */
	CHECK(tuf_root_import(&t.state, SCOPE, (struct str){ root.p, root.n }, &p, &e) == 0 &&
	      p.complete);
}

TAP_MAIN()
