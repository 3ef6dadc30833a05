/* SPDX-License-Identifier: Apache-2.0 */
/* Which role of a Notary v1 repository says what a tag means, by files that are signed here. */
#include <fcntl.h>

#include "../trust/notary1_world.h"
#include "base/fs.h"
#include "pipeline/notary1/internal.h"
#include "tap.h"

static struct str bytes(const struct buf *b)
{
	return (struct str){ b->p, b->n };
}

static char path[] = "/tmp/plimsoll-notary-XXXXXX";

static void begin(void)
{
	strcpy(path + sizeof(path) - 7, "XXXXXX");
	if (!mkdtemp(path))
		abort();
}

static void end(void)
{
	auto_close int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fs_remove_tree(tmp, path + strlen("/tmp/"), NULL) < 0)
		abort();
}

/* A repository whose targets v1 and v2 are listed by targets ("one"); releases, if it is there,
 * lists v2 ("two"). The look has its own folder, in which nothing is kept. */
static void look(struct notary1 *n, const struct buf *targets, const struct buf *releases)
{
	static const struct tuf_notary1 rules = { .gun = GUN };
	auto_buf root = make_root(1, "A", 1, "A");
	auto_buf snapshot = make_snapshot(2, &root, targets, releases, LATER);
	auto_buf timestamp = make_timestamp(2, &snapshot, LATER);
	struct err e = ERR_INIT;

	*n = NOTARY1_INIT;
	n->u.notary = &n->rules;
	n->rules = rules;
	n->u.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(strv_add(&n->roles, "targets/releases", &e));
	must(strv_add(&n->roles, "targets", &e));
	must(tuf_set_new_notary1(NOW, &rules, &n->u.set, &e));
	must(tuf_first_root(n->u.set, bytes(&root), &e));
	must(tuf_timestamp(n->u.set, bytes(&timestamp), TUF_FETCHED, &e));
	must(tuf_snapshot(n->u.set, bytes(&snapshot), TUF_FETCHED, &e));
	must(tuf_targets(n->u.set, "targets", "root", bytes(targets), &e));
}

static void keep(const char *role, const struct buf *file)
{
	auto_close int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	must(tuf_files_keep(dir, role, bytes(file), NULL));
}

/* "ROLE LENGTH", "" for not listed, or the message. */
static const char *found(struct notary1 *n, const char *tag)
{
	static char text[700];
	struct tuf_target t;
	struct err e = ERR_INIT;
	const char *role = NULL;
	int r = notary1_find(n, tag, &t, &role, &e);

	if (r < 0)
		(void)snprintf(text, sizeof(text), "%d %.600s", r, e.msg);
	else
		(void)snprintf(text, sizeof(text), "%s", r ? role : "");
	return text;
}

TEST(releases_go_first)
{
	auto_buf targets = sign(targets_body(1, "v2", "one", "v"), "t");
	auto_buf releases = sign(targets_body(1, "v2", "two", NULL), "d");
	auto_notary1 n;

	begin();
	keep("targets/releases", &releases);
	look(&n, &targets, &releases);
	CHECK_STR(found(&n, "v2"), "targets/releases");
	CHECK_STR(found(&n, "v3"), "");
	end();
}

TEST(only_what_paths_allow)
{
	auto_buf targets = sign(targets_body(1, "v2", "one", "w"), "t");
	auto_buf releases = sign(targets_body(1, "v2", "two", NULL), "d");
	auto_notary1 n;

	begin();
	keep("targets/releases", &releases);
	look(&n, &targets, &releases);
	CHECK_STR(found(&n, "v2"), "targets");
	end();
}

/* The snapshot's key alone must not bring back what targets itself lists. */
TEST(a_role_that_is_taken_away)
{
	auto_buf targets = sign(targets_body(1, "v2", "one", ""), "t");
	auto_buf releases = sign(targets_body(1, "v2", "two", NULL), "d");
	auto_notary1 none, taken, forged;

	begin();
	look(&none, &targets, NULL); /* nobody has published it yet */
	CHECK_STR(found(&none, "v2"), "targets");
	keep("targets/releases", &releases);
	look(&taken, &targets, NULL);
	CHECK(strstr(found(&taken, "v2"), "lists targets/releases no more") != NULL);
	end();

	auto_buf strange = sign(targets_body(1, "v2", "two", NULL), "e");

	begin();
	keep("targets/releases", &strange); /* by a key that is delegated to no more */
	look(&forged, &targets, NULL);
	CHECK_STR(found(&forged, "v2"), "targets");
	end();
}

/* One that cannot be had is a refusal, and not a reason to ask the next. */
TEST(a_role_that_cannot_be_read)
{
	auto_buf targets = sign(targets_body(1, "v2", "one", ""), "t");
	auto_buf releases = sign(targets_body(1, "v2", "two", NULL), "e");
	auto_notary1 n;

	begin();
	keep("targets/releases", &releases);
	look(&n, &targets, &releases);
	CHECK(starts_with(found(&n, "v2"), "-"));
	CHECK(tuf_find(n.u.set, "targets", "v2", &(struct tuf_target){ 0 }));
	end();
}

TEST(names_of_roles)
{
	auto_buf targets = sign(targets_body(1, "v2", "one", ""), "t");
	auto_notary1 n;
	struct err e = ERR_INIT;

	begin();
	look(&n, &targets, NULL);
	CHECK(notary1_role(&n, "targets", NULL, &e) == 1);
	CHECK(notary1_role(&n, "targets/other", NULL, &e) == 0);
	CHECK(notary1_role(&n, "targets/releases/sub", NULL, &e) == 0);
	CHECK(notary1_role(&n, "root", NULL, &e) == E_FORMAT);
	end();
}

static bool begun_by(int dir, const char *by)
{
	auto_buf text = BUF_INIT(4096);
	auto_json *j = NULL;

	return fs_read(dir, "begun", text.cap, &text, NULL) == 0 &&
	       json_parse(buf_str(&text), text.n, "begun", &j, NULL) == 0 &&
	       strcmp(json_string_or_null(j, "trustedBy"), by) == 0;
}

TEST(how_a_root_came_to_be_trusted_is_noted_with_it_or_not_at_all)
{
	auto_buf one = make_root(1, "A", 1, "A"), other = make_root(1, "B", 1, "B");
	struct err e = ERR_INIT;

	begin();

	auto_close int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* A root that cannot be kept: its name is taken by a folder. */
	must(fs_mkdir_p(dir, "root_history/1.root.json", 0755, &e));
	CHECK(notary1_begin(dir, "first use", 1, bytes(&one), &e) < 0);
	CHECK(!fs_exists(dir, "begun") && !fs_exists(dir, "root.json"));
	must(fs_remove_tree(dir, "root_history", &e));
	CHECK(notary1_begin(dir, "first use", 1, bytes(&one), &e) == 0);
	CHECK(begun_by(dir, "first use") && fs_exists(dir, "root.json"));
	/* Who comes later does not write over it. */
	CHECK(notary1_begin(dir, "key", 1, bytes(&other), &e) == E_USAGE);
	CHECK(notary1_begin(dir, "key", 1, bytes(&one), &e) == 0);
	CHECK(begun_by(dir, "first use"));
	end();
}

TAP_MAIN()
