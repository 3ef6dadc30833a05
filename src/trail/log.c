/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and making a log. */
#include "trail/log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/encode.h"
#include "crypto/digest.h"

enum { LIMIT_KEY_FILE = 16 * 1024 };

void trail_close(struct trail *t)
{
	if (!t)
		return;
	note_key_free(&t->key);
	buf_free(&t->bundle.bytes);
	buf_free(&t->note);
	if (t->dir >= 0)
		(void)close(t->dir);
	free(t);
}

int trail_refresh(struct trail *t, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_NOTE);
	int r = store_read(t->dir, "checkpoint", LIMIT_NOTE, &b, e);

	/* Those that were verified when it was opened are the same now, as a rule. */
	if (r == 0 && b.n && b.n == t->note.n && memcmp(b.p, t->note.p, b.n) == 0)
		return 0;
	if (r == 0)
		r = checkpoint_open((struct str){ buf_str(&b), b.n }, &t->key, &t->checkpoint, e);
	if (r < 0)
		return WRAP(e, r == E_SYSTEM || r == E_NOMEM ? r : E_VERIFY, "trail: checkpoint");
	buf_free(&t->note);
	t->note = b;
	b = BUF_INIT(0);
	return 0;
}

uint64_t trail_size(const struct trail *t)
{
	return t->checkpoint.size;
}

const char *trail_origin(const struct trail *t)
{
	return t->key.name;
}

const char *trail_vkey(const struct trail *t)
{
	return t->vkey;
}

void trail_root(const struct trail *t, unsigned char ret[static 32])
{
	memcpy(ret, t->checkpoint.root.b, 32);
}

/* The private key and the origin; else, on a copy without the key, the verifier key. */
static int load_key(struct trail *t, struct err *e)
{
	auto_buf pem = BUF_INIT(LIMIT_KEY_FILE);
	auto_buf text = BUF_INIT(LIMIT_VKEY);
	auto_release(key_free) struct key *key = NULL;
	int r = store_read(t->dir, "key.pem", LIMIT_KEY_FILE, &pem, e);

	if (r == E_NOTFOUND || (r == E_SYSTEM && e && e->sys == EACCES)) {
		r = store_read(t->dir, "vkey", LIMIT_VKEY, &text, e);
		return r < 0 ? r
			     : note_key_parse(str_trim((struct str){ buf_str(&text), text.n }),
					      &t->key, e);
	}
	if (r < 0 || (r = store_read(t->dir, "origin", LIMIT_VKEY, &text, e)) < 0 ||
	    (r = key_from_pem((struct str){ buf_str(&pem), pem.n }, NULL, &key, e)) < 0)
		return r;

	auto_free char *origin = str_dup(str_trim((struct str){ buf_str(&text), text.n }));

	if (!origin)
		return FAIL_NOMEM(e);
	r = note_key_new(origin, key, &t->key, e);
	if (r < 0)
		return r;
	key = NULL; /* now t's */
	t->may_sign = true;
	return 0;
}

static int fill_vkey(struct trail *t, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_VKEY - 1);
	int r = note_key_format(&t->key, &b, e);

	if (r == 0)
		memcpy(t->vkey, b.p, b.n + 1);
	return r;
}

/* Takes over dir in every case. */
static int open_at(int dir, struct trail **ret, struct err *e)
{
	auto_release(trail_close) struct trail *t = calloc(1, sizeof(*t));
	int r;

	if (!t) {
		(void)close(dir);
		return FAIL_NOMEM(e);
	}
	t->dir = dir;
	t->bundle.bytes = BUF_INIT(LIMIT_BUNDLE);
	r = load_key(t, e);
	if (r < 0 || (r = fill_vkey(t, e)) < 0)
		return WRAP(e, r, "trail: key");
	r = trail_refresh(t, e);
	if (r < 0)
		return r;
	*ret = TAKE(t);
	return 0;
}

int trail_open(const struct state *s, struct trail **ret, struct err *e)
{
	int dir = fs_open_nolink(s->fd, "trail", O_RDONLY | O_DIRECTORY, 0, e);

	if (dir == E_NOTFOUND ||
	    (dir >= 0 && !fs_exists(dir, "checkpoint") && !fs_exists(dir, "tile"))) {
		if (dir >= 0)
			(void)close(dir);
		return FAIL(e, E_NOTFOUND, "there is no trail in '%s' yet", s->path);
	}
	return dir < 0 ? dir : open_at(dir, ret, e);
}

/* "plimsoll.local/<host name>/<8 digits of the key's hash>": readable, and one log's only. */
static int make_origin(const struct key *key, struct buf *ret, struct err *e)
{
	unsigned char public[32], h[SHA256_LEN];
	struct utsname u;
	int r = key_public_raw(key, public, e);

	if (r < 0)
		return r;
	if (uname(&u) < 0)
		return FAIL_SYS(e, "host name");
	u.nodename[63] = '\0';
	buf_puts(ret, "plimsoll.local/");
	for (const char *c = u.nodename; *c; c++)
		if (isalnum((unsigned char)*c) || *c == '-' || *c == '.')
			buf_putc(ret, *c);
	buf_putc(ret, '/');
	sha256_once(public, sizeof(public), h);
	hex_put(ret, h, 4);
	return buf_check(ret, "origin", e);
}

/* The key of a log that has none; one that a kill left behind is taken up again. */
static int make_key(int dir, struct key **ret, struct err *e)
{
	auto_buf pem = BUF_INIT(LIMIT_KEY_FILE);
	auto_release(key_free) struct key *key = NULL;
	int r = store_read(dir, "key.pem", LIMIT_KEY_FILE, &pem, e);

	if (r == 0) {
		r = key_from_pem((struct str){ buf_str(&pem), pem.n }, NULL, &key, e);
	} else if (r == E_NOTFOUND) {
		if ((r = key_generate(KEY_ED25519, &key, e)) < 0 ||
		    (r = key_to_pem(key, NULL, &pem, e)) < 0)
			return r;
		r = store_write(dir, "key.pem", pem.p, pem.n, 0600, false, e);
		explicit_bzero(pem.p, pem.n);
	}
	if (r < 0)
		return r;
	*ret = TAKE(key);
	return 0;
}

static int write_line(int dir, const char *path, const char *line, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_VKEY);

	buf_printf(&b, "%s\n", line);

	int r = buf_check(&b, path, e);

	return r < 0 ? r : store_write(dir, path, b.p, b.n, 0644, false, e);
}

/* Key, origin and verifier key first, the empty log's checkpoint last. */
static int make_files(int dir, struct err *e)
{
	auto_buf origin = BUF_INIT(LIMIT_KEY_NAME);
	auto_buf vkey = BUF_INIT(LIMIT_VKEY);
	auto_buf note = BUF_INIT(4096);
	auto_release(key_free) struct key *key = NULL;
	auto_note_key signer = { .key = NULL };
	struct checkpoint c = { .size = 0 };
	int r = make_key(dir, &key, e);

	if (r < 0 || (r = make_origin(key, &origin, e)) < 0 ||
	    (r = note_key_new(buf_str(&origin), key, &signer, e)) < 0)
		return r;
	key = NULL; /* now signer's */
	memcpy(c.origin, origin.p, origin.n);
	merkle_empty(&c.root);
	if ((r = note_key_format(&signer, &vkey, e)) < 0 ||
	    (r = write_line(dir, "origin", signer.name, e)) < 0 ||
	    (r = write_line(dir, "vkey", buf_str(&vkey), e)) < 0 ||
	    (r = checkpoint_sign(&c, &signer, &note, e)) < 0)
		return r;
	return store_write(dir, "checkpoint", note.p, note.n, 0644, false, e);
}

static int make(int dir, struct err *e)
{
	auto_close int lock = fs_lock(dir, "lock", TRAIL_LOCK_MS, e);

	if (lock < 0)
		return lock;
	if (fs_exists(dir, "checkpoint"))
		return 0; /* another process was faster */
	if (fs_exists(dir, "tile"))
		return FAIL(e, E_VERIFY, "the checkpoint is gone, the tiles are there");
	return make_files(dir, e);
}

int trail_open_or_make(const struct state *s, struct trail **ret, struct err *e)
{
	int r = fs_mkdir_p(s->fd, "trail", 0700, e), dir;

	if (r < 0)
		return WRAP(e, r, "trail");
	dir = fs_open_nolink(s->fd, "trail", O_RDONLY | O_DIRECTORY, 0, e);
	if (dir < 0)
		return WRAP(e, dir, "trail");
	if (!fs_exists(dir, "checkpoint") && (r = make(dir, e)) < 0) {
		(void)close(dir);
		return WRAP(e, r, "trail");
	}
	return open_at(dir, ret, e);
}
