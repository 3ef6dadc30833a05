/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/holder.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "trust/holder_internal.h"
#include "trust/internal.h"

enum {
	PATH_LEN = sizeof(DIR_KEYS) + LIMIT_STORE_NAME + 8,
	KEY_FLAGS = O_RDONLY | O_NONBLOCK | O_NOCTTY,
};

const struct key *holder_key(const struct holder *h)
{
	return h->key;
}

int holder_sign(struct holder *h, enum key_form form, const char *hash, const void *msg, size_t n,
		struct buf *ret, struct err *e)
{
	return h->ops->sign(h, form, hash, msg, n, ret, e);
}

const struct chain *holder_chain(const struct holder *h)
{
	return h->chain.n ? &h->chain : NULL;
}

void holder_close(struct holder *h)
{
	if (!h)
		return;
	if (h->ops)
		h->ops->close(h);
	close_release(&h->key_fd);
	key_free(h->key);
	chain_free(&h->chain);
	json_decref(h->config);
	free(h->program);
	free(h->id);
	free(h->where);
	free(h);
}

const char *holder_shown(const char *name, char ret[static HOLDER_SHOWN])
{
	size_t n = holder_is_where(name) ? strcspn(name, "?") : strlen(name);

	(void)snprintf(ret, HOLDER_SHOWN, "%.*s", n < HOLDER_SHOWN - 1 ? (int)n : HOLDER_SHOWN - 1,
		       name);
	if (starts_with(name, KEY_PKCS11) && strstr(ret, "pin-"))
		(void)snprintf(ret, HOLDER_SHOWN, KEY_PKCS11 "...");
	text_sanitize(ret);
	return ret;
}

static int check_mode(int fd, const char *name, const char *path, struct err *e)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "key '%s'", name);
	if (!S_ISREG(st.st_mode))
		return FAIL(e, E_FORMAT, "key '%s': not a regular file", name);
	if ((st.st_mode & 077) == 0)
		return 0;
	r = FAIL(e, E_USAGE, "key '%s': others than its owner may use it (mode %03o)", name,
		 st.st_mode & 0777);
	return err_hint(e, r, "chmod 600 %s%s", strchr(name, '/') ? "" : "<state>/" DIR_TRUST "/",
			path);
}

static int open_file(struct holder *h, int dir, const char *name, struct err *e)
{
	char own[PATH_LEN];
	const char *path = name;
	int r;

	if (strchr(name, '/')) {
		h->key_fd = fs_open_user(name, KEY_FLAGS, 0, e);
	} else {
		(void)snprintf(own, sizeof(own), DIR_KEYS "/%s.pem", name);
		path = own;
		h->key_fd = fs_open_nolink(dir, own, KEY_FLAGS, 0, e);
	}
	if (h->key_fd < 0)
		return h->key_fd;
	r = check_mode(h->key_fd, name, path, e);
	return r < 0 ? r : holder_start_file(h, e);
}

bool holder_is_where(const char *name)
{
	return starts_with(name, KEY_PKCS11) || starts_with(name, KEY_EXEC);
}

/* Of a key that is not in a file: what keys/<name>.where says. */
static int read_where(int dir, const char *name, char **ret, struct err *e)
{
	char path[PATH_LEN];
	auto_buf text = BUF_INIT(LIMIT_KEY_WHERE + 1);
	struct str line;
	int r;

	(void)snprintf(path, sizeof(path), DIR_KEYS "/%s.where", name);
	r = trust_read(dir, path, LIMIT_KEY_WHERE, &text, e);
	if (r < 0)
		return r;
	line = str_trim((struct str){ buf_str(&text), text.n });
	*ret = str_dup(line);
	if (!*ret)
		return FAIL_NOMEM(e);
	if (!holder_is_where(*ret) || strlen(*ret) != line.n)
		return FAIL(e, E_FORMAT, "%s: want " KEY_PKCS11 "... or " KEY_EXEC "...", path);
	return 0;
}

static int start(struct holder *h, int dir, const char *name, struct err *e)
{
	auto_buf known = BUF_INIT(LIMIT_KEY_PEM + 1);
	char path[PATH_LEN];
	struct err own = ERR_INIT;
	int r = E_NOTFOUND;

	if (holder_is_where(name)) {
		h->where = str_dup(str_of(name));
		if (!h->where)
			return FAIL_NOMEM(e);
	} else if (!strchr(name, '/')) {
		if (!trust_name_ok(name))
			return FAIL(e, E_USAGE, "'%.100s' cannot name a key", name);
		r = read_where(dir, name, &h->where, &own);
		if (r < 0 && r != E_NOTFOUND) {
			if (e)
				*e = own;
			return r;
		}
	}
	if (!h->where)
		return open_file(h, dir, name, e);
	if (starts_with(h->where, KEY_PKCS11))
		return holder_start_pkcs11(h, e);
	(void)snprintf(path, sizeof(path), DIR_KEYS "/%s.pub", holder_is_where(name) ? "" : name);
	if (!holder_is_where(name) && (r = trust_read(dir, path, LIMIT_KEY_PEM, &known, e)) < 0)
		return r;
	h->known = (struct str){ known.p, known.n };
	r = holder_start_exec(h, e);
	h->known = (struct str){ NULL, 0 };
	return r;
}

static struct holder *new_holder(const char *passphrase)
{
	struct holder *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->to = h->key_fd = h->child.from = -1;
	h->ops = &holder_child_ops;
	h->passphrase = passphrase;
	return h;
}

int holder_open_fd(int fd, const char *name, const char *passphrase, struct holder **ret,
		   struct err *e)
{
	auto_release(holder_close) struct holder *h = new_holder(passphrase);
	int r;

	if (!h) {
		(void)close(fd);
		return FAIL_NOMEM(e);
	}
	h->key_fd = fd;
	r = holder_start_file(h, e);
	h->passphrase = NULL;
	close_release(&h->key_fd);
	if (r < 0)
		return WRAP(e, r, "key '%.200s'", name);
	*ret = TAKE(h);
	return 0;
}

int holder_open(int dir, const char *name, const char *passphrase, struct holder **ret,
		struct err *e)
{
	auto_release(holder_close) struct holder *h = new_holder(passphrase);
	int r;

	if (!h)
		return FAIL_NOMEM(e);
	r = start(h, dir, name, e);
	h->passphrase = NULL;
	if (r < 0)
		return WRAP(e, r, "key '%s'", holder_shown(name, (char[HOLDER_SHOWN]){ 0 }));
	close_release(&h->key_fd);
	*ret = TAKE(h);
	return 0;
}

int holder_where(int dir, const char *name, struct buf *ret, struct err *e)
{
	auto_free char *where = NULL;
	struct err own = ERR_INIT;
	int r = read_where(dir, name, &where, &own);

	if (r < 0 && r != E_NOTFOUND) {
		if (e)
			*e = own;
		return r;
	}
	buf_puts(ret, where ? where : "file");
	return buf_check(ret, "key", e);
}

/* The key that has this place; a place that no key has is for 'trust init --key' to make known. */
static int name_of_where(int dir, const char *where, char **ret, struct err *e)
{
	char shown[HOLDER_SHOWN];
	auto_strv names = { 0 };
	int r = trust_names(dir, DIR_KEYS, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		auto_free char *there = NULL;

		if (!ends_with(names.v[i], ".where"))
			continue;
		names.v[i][strlen(names.v[i]) - strlen(".where")] = '\0';
		r = read_where(dir, names.v[i], &there, e);
		if (r == 0 && strcmp(there, where) == 0) {
			*ret = str_dup(str_of(names.v[i]));
			return *ret ? 0 : FAIL_NOMEM(e);
		}
	}
	if (r < 0)
		return r;
	(void)holder_shown(where, shown);
	r = FAIL(e, E_NOTFOUND, "there is no certificate for the key %s", shown);
	return err_hint(e, r, "plimsoll trust init --name NAME --key '%s'", shown);
}

int trust_key_name(int dir, const char *name, char **ret, struct err *e)
{
	if (holder_is_where(name))
		return name_of_where(dir, name, ret, e);
	*ret = str_dup(str_of(name));
	return *ret ? 0 : FAIL_NOMEM(e);
}
