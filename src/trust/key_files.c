/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a key: <state>/trust/keys/NAME.* */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trust/internal.h"

static const char *const suffixes[] = { ".pem", ".where", ".crt", ".pub" };

void key_path(char ret[static KEY_PATH_LEN], const char *name, enum key_file which)
{
	(void)snprintf(ret, KEY_PATH_LEN, DIR_KEYS "/%.*s%s", LIMIT_STORE_NAME, name,
		       suffixes[which]);
}

bool key_has(int dir, const char *name, enum key_file which)
{
	char path[KEY_PATH_LEN];

	key_path(path, name, which);
	return fs_exists(dir, path);
}

int key_sync_folder(int dir, struct err *e)
{
	auto_close int fd = fs_open_nolink(dir, DIR_KEYS, O_RDONLY | O_DIRECTORY, 0, e);

	if (fd < 0)
		return fd;
	return fsync(fd) < 0 ? FAIL_SYS(e, "sync the folder of keys") : 0;
}

bool trust_key_there(int dir, const char *name)
{
	for (int i = 0; i < KEY_FILES; i++)
		if (key_has(dir, name, (enum key_file)i))
			return true;
	return false;
}

int trust_key_remove(int dir, const char *name, struct err *e)
{
	int r = 0;

	for (int i = 0; r == 0 && i < KEY_FILES; i++) {
		char path[KEY_PATH_LEN];

		key_path(path, name, (enum key_file)i);
		r = fs_remove_tree(dir, path, e);
	}
	return r;
}

int key_write_chain(int dir, const char *name, const struct chain *c, struct err *e)
{
	auto_buf pem = BUF_INIT(LIMIT_PEM_CERTS);
	char path[KEY_PATH_LEN];
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n; i++)
		r = cert_to_pem(c->v[i], &pem, e);
	key_path(path, name, KEY_FILE_CRT);
	return r < 0 ? r : fs_write_file(dir, path, pem.p, pem.n, 0644, e);
}

int key_write_public(int dir, const char *name, const struct key *k, struct err *e)
{
	auto_buf pem = BUF_INIT(LIMIT_KEY_PEM);
	char path[KEY_PATH_LEN];
	int r = key_public_to_pem(k, &pem, e);

	key_path(path, name, KEY_FILE_PUB);
	return r < 0 ? r : fs_write_file(dir, path, pem.p, pem.n, 0644, e);
}

/* The public half, as it was written beside the key; of older keys their certificate has it. */
int trust_key_public(int dir, const char *name, struct key **ret, struct err *e)
{
	auto_buf pem = BUF_INIT(LIMIT_KEY_PEM + 1);
	auto_chain c = { .n = 0 };
	char path[KEY_PATH_LEN];
	int r;

	key_path(path, name, KEY_FILE_PUB);
	if (fs_exists(dir, path)) {
		r = trust_read(dir, path, LIMIT_KEY_PEM, &pem, e);
		return r < 0 ? r
			     : key_public_from_pem((struct str){ buf_str(&pem), pem.n }, ret, e);
	}
	r = trust_key_chain(dir, name, &c, e);
	return r < 0 ? r : cert_key(c.v[0], ret, e);
}

/* One key in the place of another: several files, so what is to be done is written down before. */

#define FILE_MOVE DIR_KEYS "/.move"
enum { LIMIT_MOVE = 1024 };

static const struct {
	enum key_file file;
	const char *word;
} move_order[] = {
	/* The certificate before the private half, as init has it. */
	{ KEY_FILE_PUB, "pub" },
	{ KEY_FILE_CRT, "crt" },
	{ KEY_FILE_PEM, "pem" },
	{ KEY_FILE_WHERE, "where" },
};

static int write_move(int dir, const struct key_move *m, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_MOVE);

	buf_printf(&text, "%s %s %s", m->from, m->to, m->old);
	for (size_t i = 0; i < KEY_FILES; i++)
		if (m->has[move_order[i].file])
			buf_printf(&text, " %s", move_order[i].word);
	return fs_write_file(dir, FILE_MOVE, text.p, text.n, 0600, e);
}

static bool take_word(struct str *rest, char *ret, size_t cap)
{
	struct str word;

	if (!str_cut(rest, ' ', &word) || word.n == 0 || word.n >= cap)
		return false;
	(void)snprintf(ret, cap, "%.*s", (int)word.n, word.p);
	return true;
}

/* 0 when nothing is to be done, 1 for *ret. */
static int read_move(int dir, struct key_move *ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_MOVE + 1);
	struct err own = ERR_INIT;
	struct str rest, word;
	int r = trust_read(dir, FILE_MOVE, LIMIT_MOVE, &text, &own);

	if (r == E_NOTFOUND)
		return 0;
	if (r < 0) {
		if (e)
			*e = own;
		return r;
	}
	rest = (struct str){ buf_str(&text), text.n };
	*ret = (struct key_move){ .from = "" };
	if (!take_word(&rest, ret->from, sizeof(ret->from)) ||
	    !take_word(&rest, ret->to, sizeof(ret->to)) ||
	    !take_word(&rest, ret->old, sizeof(ret->old)) || !trust_name_ok(ret->from) ||
	    !trust_name_ok(ret->to))
		return FAIL(e, E_FORMAT, FILE_MOVE ": not of this program");
	while (str_cut(&rest, ' ', &word))
		for (size_t i = 0; i < KEY_FILES; i++)
			if (str_eqz(word, move_order[i].word))
				ret->has[move_order[i].file] = true;
	return 1;
}

static int do_move(int dir, const struct key_move *m, struct err *e)
{
	for (size_t i = 0; i < KEY_FILES; i++) {
		const enum key_file which = move_order[i].file;
		char a[KEY_PATH_LEN], b[KEY_PATH_LEN];
		int r = 0;

		key_path(a, m->from, which);
		key_path(b, m->to, which);
		if (!m->has[which])
			r = fs_remove_tree(dir, b, e);
		else if (fs_exists(dir, a) && renameat(dir, a, dir, b) < 0)
			r = FAIL_SYS(e, "move key '%s' to '%s'", m->from, m->to);
		if (r < 0)
			return r;
	}
	if (unlinkat(dir, FILE_MOVE, 0) < 0)
		return FAIL_SYS(e, "move key '%s' to '%s'", m->from, m->to);
	return key_sync_folder(dir, e);
}

int trust_key_move(int dir, const char *from, const char *to, const char *old, struct err *e)
{
	struct key_move m = { .from = "" };
	int r;

	(void)snprintf(m.from, sizeof(m.from), "%s", from);
	(void)snprintf(m.to, sizeof(m.to), "%s", to);
	(void)snprintf(m.old, sizeof(m.old), "%s", old);
	for (int i = 0; i < KEY_FILES; i++)
		m.has[i] = key_has(dir, from, (enum key_file)i);
	r = write_move(dir, &m, e);
	return r < 0 ? r : do_move(dir, &m, e);
}

/* Private halves that never became keys. */
static int drop_unborn(int dir, struct err *e)
{
	int fd = fs_open_nolink(dir, DIR_KEYS, O_RDONLY | O_DIRECTORY, 0, e);

	if (fd < 0)
		return fd;

	auto_closedir DIR *d = fdopendir(fd);

	if (!d) {
		(void)close(fd);
		return FAIL_SYS(e, "read the folder of keys");
	}
	for (const struct dirent *ent; (ent = readdir(d));)
		if ((starts_with(ent->d_name, KEY_UNBORN) || starts_with(ent->d_name, ".tmp-")) &&
		    unlinkat(dirfd(d), ent->d_name, 0) < 0)
			return FAIL_SYS(e, "remove " DIR_KEYS "/%.80s", ent->d_name);
	return 0;
}

bool trust_keys_unfinished(int dir)
{
	return fs_exists(dir, FILE_MOVE);
}

int trust_keys_recover(int dir, struct key_move *ret, struct err *e)
{
	struct key_move m = { .from = "" };
	int r, moved;

	if (!fs_exists(dir, DIR_KEYS))
		return 0;
	moved = read_move(dir, &m, e);
	r = moved == 1 ? do_move(dir, &m, e) : moved;
	r = r < 0 ? r : drop_unborn(dir, e);
	if (r < 0)
		return WRAP(e, r, "finish what was begun with keys");
	if (ret)
		*ret = m;
	return moved;
}

int trust_lock_keys(int dir, struct key_move *ret, struct err *e)
{
	auto_close int lock = trust_lock(dir, e);
	int r = lock < 0 ? lock : trust_keys_recover(dir, ret, e);

	return r < 0 ? r : TAKE_FD(lock);
}
