/* SPDX-License-Identifier: Apache-2.0 */
/* Making keys known: new ones, those of files, tokens and programs. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/key_cosign.h"
#include "sandbox/sandbox.h"
#include "trust/holder.h"
#include "trust/internal.h"

/* The key's file: made by a child, so that this process never has the private half. */

struct making {
	const struct trust_init_opts *o;
	int in; /* of a key to import, or -1 */
	int out;
};

static int load_or_make(const struct making *m, struct key **ret, struct err *e)
{
	auto_secret pem = BUF_INIT(LIMIT_KEY_PEM + 1);
	int r;

	if (m->in < 0)
		return m->o->kind == KEY_RSA
			       ? key_generate_rsa(m->o->bits ? m->o->bits : 3072, ret, e)
			       : key_generate(m->o->kind, ret, e);
	r = secret_read(m->in, "private key", LIMIT_KEY_PEM, &pem, e);
	return r < 0 ? r
		     : key_from_file((struct str){ buf_str(&pem), pem.n }, m->o->key_passphrase,
				     ret, e);
}

static int make_in_child(void *arg, struct buf *emit, struct err *e)
{
	const struct making *m = arg;
	auto_secret pem = BUF_INIT(LIMIT_KEY_PEM);
	auto_release(key_free) struct key *k = NULL;
	int r;

	(void)emit;
	crypto_hold_secrets();
	if ((r = load_or_make(m, &k, e)) < 0)
		return r;
	if (!key_jws_alg(k))
		return FAIL(e, E_USAGE, "keys of type %s sign no images; P-256 to P-521 and RSA do",
			    key_type_name(k));
	r = key_to_pem(k, m->o->passphrase, &pem, e);
	return r < 0 ? r : fs_write_all(m->out, pem.p, pem.n, e);
}

static int run_making(const struct trust_init_opts *o, int out, struct err *e)
{
	auto_close int in = o->key ? fs_open_user(o->key, O_RDONLY | O_NOCTTY, 0, e) : -1;
	struct making m = { .o = o, .in = in, .out = out };
	const int keep[] = { out, in };
	const struct sandbox box = { .what = o->key ? "import key" : "make key",
				     .keep = keep,
				     .keep_n = o->key ? 2 : 1,
				     .write_dir = -1,
				     .secrets = true,
				     .cpu_seconds = 120 };
	int r;

	if (o->key && in < 0)
		return in;
	crypto_init();
	r = sandbox_run(&box, make_in_child, &m, NULL, e);
	if (r == E_USAGE && o->key && !o->key_passphrase)
		return err_hint(e, r, "give --key-passphrase-file FILE, when the key is encrypted");
	if (r == 0 && fsync(out) < 0)
		return FAIL_SYS(e, "write key");
	return r;
}

/* A certificate that was made here is trusted here; one of somebody's CA is for 'trust add'. */
static int trust_own(int dir, const struct chain *c, struct err *e)
{
	auto_buf subject = BUF_INIT(4 * LIMIT_DN_TEXT);
	auto_strv identities = { 0 };
	char statement[LIMIT_STATEMENT_NAME + 1];
	const struct admission a = {
		.store = TRUST_DEFAULT_NAME, .identities = &identities, .added = c, .own = true
	};
	int r;

	dn_text(cert_subject(c->v[0]), &subject);
	r = strv_add(&identities, buf_str(&subject), e);
	return r < 0 ? r : trust_policy_admit(dir, &a, statement, e);
}

/* The whole. */

/* A new key on its way: what is there is not touched before all of this is known to be good. */
struct fresh {
	char temp[KEY_PATH_LEN]; /* its file, "" when it is elsewhere */
	struct holder *holder;
	struct chain chain;
};

static void fresh_free(struct fresh *f)
{
	holder_close(f->holder);
	chain_free(&f->chain);
}

static int make_fresh(int dir, const struct trust_init_opts *o, const char *name, struct fresh *ret,
		      struct err *e)
{
	char temp[64];
	int r;

	if (o->key && holder_is_where(o->key)) {
		r = holder_open(dir, o->key, o->passphrase, &ret->holder, e);
		return r < 0 ? r : key_make_chain(o, name, ret->holder, &ret->chain, e);
	}
	if ((r = fs_temp_name(KEY_UNBORN, temp, sizeof(temp), e)) < 0)
		return r;
	(void)snprintf(ret->temp, sizeof(ret->temp), DIR_KEYS "/%s", temp);

	auto_close int out = fs_open_nolink(dir, ret->temp, O_RDWR | O_CREAT | O_EXCL, 0600, e);

	if (out < 0)
		return out;
	if ((r = run_making(o, out, e)) < 0)
		return r;
	if (lseek(out, 0, SEEK_SET) < 0)
		return FAIL_SYS(e, "read key");
	r = holder_open_fd(TAKE_FD(out), name, o->passphrase, &ret->holder, e);
	return r < 0 ? r : key_make_chain(o, name, ret->holder, &ret->chain, e);
}

/* The private half goes last: while it is not there, init has not been done and may be done again.
 * Between the certificate and the key, signing fails and says so. */
static int install(int dir, const struct trust_init_opts *o, const char *name,
		   const struct fresh *f, struct err *e)
{
	char path[KEY_PATH_LEN], other[KEY_PATH_LEN];
	int r = 0;

	/* What the policy may refuse goes first. */
	if (f->chain.n == 1 && !o->cert.n && !holder_chain(f->holder))
		r = trust_own(dir, &f->chain, e);
	r = r < 0 ? r : key_write_public(dir, name, holder_key(f->holder), e);
	key_path(other, name, KEY_FILE_CRT);
	if (r == 0)
		r = f->chain.n ? key_write_chain(dir, name, &f->chain, e)
			       : fs_remove_tree(dir, other, e);
	if (r < 0)
		return r;
	key_path(path, name, f->temp[0] ? KEY_FILE_PEM : KEY_FILE_WHERE);
	key_path(other, name, f->temp[0] ? KEY_FILE_WHERE : KEY_FILE_PEM);
	if (!f->temp[0])
		r = fs_write_file(dir, path, o->key, strlen(o->key), 0600, e);
	else if (renameat(dir, f->temp, dir, path) < 0)
		r = FAIL_SYS(e, "write key '%s'", name);
	r = r < 0 ? r : key_sync_folder(dir, e);
	return r < 0 ? r : fs_remove_tree(dir, other, e);
}

static int check_init(const struct trust_init_opts *o, const char *name, struct err *e)
{
	if (!trust_name_ok(name))
		return FAIL(e, E_USAGE,
			    "'%.100s' cannot name a key: letters, digits, '_', '-', '.'", name);
	if (o->key && strlen(o->key) > LIMIT_KEY_WHERE)
		return FAIL(e, E_USAGE, "a key's place has at most %d bytes", LIMIT_KEY_WHERE);
	if (o->cert.n && o->ret_request)
		return FAIL(e, E_USAGE, "a certificate is given or asked for, not both");
	return 0;
}

int trust_init_locked(int dir, const struct trust_init_opts *o, const char *name,
		      char ret_thumbprint[THUMBPRINT_MAX], struct err *e)
{
	__attribute__((cleanup(fresh_free))) struct fresh f = { .temp = "" };
	int r = fs_mkdir_p(dir, DIR_KEYS, 0700, e);

	r = r < 0 ? r : make_fresh(dir, o, name, &f, e);
	r = r < 0 ? r : install(dir, o, name, &f, e);
	if (r < 0 && f.temp[0])
		(void)unlinkat(dir, f.temp, 0);
	if (r == 0 && ret_thumbprint) {
		ret_thumbprint[0] = '\0';
		if (f.chain.n)
			cert_thumbprint(f.chain.v[0], ret_thumbprint);
	}
	return r;
}

/* 1 when there is one; what cannot be looked at is not taken for none. */
static int is_taken(int dir, const char *name, struct err *e)
{
	static const enum key_file files[] = { KEY_FILE_PEM, KEY_FILE_WHERE };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[KEY_PATH_LEN];
		struct err own = ERR_INIT;

		key_path(path, name, files[i]);

		auto_close int fd = fs_open_nolink(dir, path, O_PATH, 0, &own);

		if (fd >= 0)
			return 1;
		if (fd != E_NOTFOUND) {
			if (e)
				*e = own;
			return fd;
		}
	}
	return 0;
}

int trust_init(const struct state *state, const struct trust_init_opts *o,
	       char ret_thumbprint[THUMBPRINT_MAX], struct err *e)
{
	const char *name = o->name ? o->name : TRUST_DEFAULT_NAME;
	int r = check_init(o, name, e);

	if (r < 0)
		return r;

	auto_close int dir = trust_dir(state, true, e);
	auto_close int lock = dir < 0 ? dir : trust_lock_keys(dir, NULL, e);

	if (lock < 0)
		return lock;
	if (!o->force && (r = is_taken(dir, name, e)) < 0)
		return r;
	if (!o->force && r) {
		r = FAIL(e, E_USAGE, "there is a key '%s' already", name);
		return err_hint(e, r,
				"plimsoll trust rotate %s --until DATE, plimsoll trust init --name "
				"OTHER, or --force to replace it",
				name);
	}
	return trust_init_locked(dir, o, name, ret_thumbprint, e);
}

int trust_import_cert(const struct state *state, const char *name, struct str file,
		      char ret_thumbprint[THUMBPRINT_MAX], struct err *e)
{
	auto_close int dir = trust_dir(state, true, e);
	auto_close int lock = dir < 0 ? dir : trust_lock_keys(dir, NULL, e);
	auto_release(key_free) struct key *k = NULL;
	auto_chain c = { .n = 0 };
	int r;

	if (lock < 0)
		return lock;
	name = name ? name : TRUST_DEFAULT_NAME;
	if (!trust_name_ok(name))
		return FAIL(e, E_USAGE, "'%.100s' cannot name a key",
			    holder_shown(name, (char[HOLDER_SHOWN]){ 0 }));
	if ((r = trust_key_public(dir, name, &k, e)) < 0 ||
	    (r = key_take_chain(file, k, &c, e)) < 0)
		return WRAP(e, r, "key '%s'", name);
	if (ret_thumbprint)
		cert_thumbprint(c.v[0], ret_thumbprint);
	return key_write_chain(dir, name, &c, e);
}
