/* SPDX-License-Identifier: Apache-2.0 */
/* Making keys known: new ones, those of files, tokens and programs. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/key_cosign.h"
#include "sandbox/sandbox.h"
#include "trust/holder.h"
#include "trust/internal.h"

static const char *const suffixes[] = { ".pem", ".where", ".crt", ".pub" };
enum {
	SUFFIX_PEM,
	SUFFIX_WHERE,
	SUFFIX_CRT,
	SUFFIX_PUB,
	SUFFIXES,
	PATH_LEN = sizeof(DIR_KEYS) + LIMIT_STORE_NAME + 16,
};

static void key_path(char ret[static PATH_LEN], const char *name, int suffix)
{
	(void)snprintf(ret, PATH_LEN, DIR_KEYS "/%s%s", name, suffixes[suffix]);
}

static bool has(int dir, const char *name, int suffix)
{
	char path[PATH_LEN];

	key_path(path, name, suffix);
	return fs_exists(dir, path);
}

static int sync_folder(int dir, struct err *e)
{
	auto_close int fd = fs_open_nolink(dir, DIR_KEYS, O_RDONLY | O_DIRECTORY, 0, e);

	if (fd < 0)
		return fd;
	return fsync(fd) < 0 ? FAIL_SYS(e, "sync the folder of keys") : 0;
}

bool trust_key_there(int dir, const char *name)
{
	for (int i = 0; i < SUFFIXES; i++)
		if (has(dir, name, i))
			return true;
	return false;
}

int trust_key_remove(int dir, const char *name, struct err *e)
{
	int r = 0;

	for (int i = 0; r == 0 && i < SUFFIXES; i++) {
		char path[PATH_LEN];

		key_path(path, name, i);
		r = fs_remove_tree(dir, path, e);
	}
	return r;
}

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

/* Certificates. */

static int parse_subject(const char *text, const char *key_name, struct dn *ret, struct err *e)
{
	struct utsname u;
	int r;

	if (text) {
		r = dn_parse(str_of(text), ret, e);
		return r < 0 ? FAIL(e, E_USAGE, "subject '%.200s' is not C=..,ST=..,O=..,CN=..",
				    text)
			     : 0;
	}
	if (uname(&u) < 0)
		return FAIL_SYS(e, "read the host's name");
	/* "ZZ" is ISO 3166's code for a country that is not known. */
	if ((r = dn_add(ret, "C", STR("ZZ"), e)) < 0 ||
	    (r = dn_add(ret, "ST", STR("unknown"), e)) < 0 ||
	    (r = dn_add(ret, "O", str_of(u.nodename), e)) < 0)
		return r;
	return dn_add(ret, "CN", str_of(key_name), e);
}

/* The leaf is of this key, and the chain is one that signatures may have. */
static int take_chain(struct str file, const struct key *k, struct chain *ret, struct err *e)
{
	auto_release(key_free) struct key *leaf = NULL;
	int r;

	if ((r = chain_from_file(file, ret, e)) < 0 || (r = chain_check(ret, e)) < 0 ||
	    (r = chain_valid_at(ret, clock_now(), e)) < 0 ||
	    (r = cert_key(ret->v[0], &leaf, e)) < 0)
		return r;
	return key_same_public(leaf, k)
		       ? 0
		       : FAIL(e, E_FORMAT, "the first certificate is not of this key");
}

static int self_sign(const struct trust_init_opts *o, const char *name, const struct key *k,
		     struct chain *ret, struct err *e)
{
	auto_dn subject = { .n = 0 };
	int r = parse_subject(o->subject, name, &subject, e);

	r = r < 0 ? r
		  : cert_make_self_signed(k, &subject, clock_now(),
					  o->days ? o->days : TRUST_DEFAULT_DAYS, &ret->v[0], e);
	ret->n = r < 0 ? 0 : 1;
	return r;
}

static int request(const struct trust_init_opts *o, const char *name, const struct key *k,
		   struct err *e)
{
	auto_dn subject = { .n = 0 };
	int r = parse_subject(o->subject, name, &subject, e);

	return r < 0 ? r : cert_request(k, &subject, o->ret_request, e);
}

static int copy_chain(const struct chain *from, struct chain *ret, struct err *e)
{
	int r = chain_check(from, e);

	for (size_t i = 0; r == 0 && i < from->n; i++) {
		struct str der = cert_der(from->v[i]);

		r = chain_add(ret, der.p, der.n, e);
	}
	return r;
}

/* Of one of four origins; none when a certificate was asked for. */
static int make_chain(const struct trust_init_opts *o, const char *name, const struct holder *h,
		      struct chain *ret, struct err *e)
{
	const struct key *k = holder_key(h);
	int r;

	if (o->cert.n) {
		r = take_chain(o->cert, k, ret, e);
		return r < 0 ? WRAP(e, r, "certificate of key '%s'", name) : 0;
	}
	if (o->ret_request)
		return request(o, name, k, e);
	if (holder_chain(h)) {
		r = copy_chain(holder_chain(h), ret, e);
		return r < 0 ? WRAP(e, r, "certificates that the key's program gave") : 0;
	}
	return self_sign(o, name, k, ret, e);
}

/* A certificate that was made here is trusted here; one of somebody's CA is for 'trust add'. */
static int trust_own(int dir, const struct chain *c, struct err *e)
{
	auto_buf subject = BUF_INIT(4 * LIMIT_DN_TEXT);
	auto_strv identities = { 0 };
	char statement[LIMIT_STATEMENT_NAME + 1];
	const struct admission a = { .store = TRUST_DEFAULT_NAME,
				     .identities = &identities,
				     .added = c };
	int r;

	dn_text(cert_subject(c->v[0]), &subject);
	r = strv_add(&identities, buf_str(&subject), e);
	return r < 0 ? r : trust_policy_admit(dir, &a, statement, e);
}

static int write_chain(int dir, const char *name, const struct chain *c, struct err *e)
{
	auto_buf pem = BUF_INIT(LIMIT_PEM_CERTS);
	char path[PATH_LEN];
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n; i++)
		r = cert_to_pem(c->v[i], &pem, e);
	key_path(path, name, SUFFIX_CRT);
	return r < 0 ? r : fs_write_file(dir, path, pem.p, pem.n, 0644, e);
}

static int write_public(int dir, const char *name, const struct key *k, struct err *e)
{
	auto_buf pem = BUF_INIT(LIMIT_KEY_PEM);
	char path[PATH_LEN];
	int r = key_public_to_pem(k, &pem, e);

	key_path(path, name, SUFFIX_PUB);
	return r < 0 ? r : fs_write_file(dir, path, pem.p, pem.n, 0644, e);
}

/* The whole. */

/* A new key on its way: what is there is not touched before all of this is known to be good. */
struct fresh {
	char temp[PATH_LEN]; /* its file, "" when it is elsewhere */
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
		return r < 0 ? r : make_chain(o, name, ret->holder, &ret->chain, e);
	}
	if ((r = fs_temp_name(".new-", temp, sizeof(temp), e)) < 0)
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
	return r < 0 ? r : make_chain(o, name, ret->holder, &ret->chain, e);
}

/* The private half goes last: while it is not there, init has not been done and may be done again.
 * Between the certificate and the key, signing fails and says so. */
static int install(int dir, const struct trust_init_opts *o, const char *name,
		   const struct fresh *f, struct err *e)
{
	char path[PATH_LEN], other[PATH_LEN];
	int r = write_public(dir, name, holder_key(f->holder), e);

	if (f->chain.n == 1 && !o->cert.n && !holder_chain(f->holder))
		r = r < 0 ? r : trust_own(dir, &f->chain, e);
	key_path(other, name, SUFFIX_CRT);
	if (r == 0)
		r = f->chain.n ? write_chain(dir, name, &f->chain, e)
			       : fs_remove_tree(dir, other, e);
	if (r < 0)
		return r;
	key_path(path, name, f->temp[0] ? SUFFIX_PEM : SUFFIX_WHERE);
	key_path(other, name, f->temp[0] ? SUFFIX_WHERE : SUFFIX_PEM);
	if (!f->temp[0])
		r = fs_write_file(dir, path, o->key, strlen(o->key), 0600, e);
	else if (renameat(dir, f->temp, dir, path) < 0)
		r = FAIL_SYS(e, "write key '%s'", name);
	r = r < 0 ? r : sync_folder(dir, e);
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

int trust_init(const struct state *state, const struct trust_init_opts *o,
	       char ret_thumbprint[THUMBPRINT_MAX], struct err *e)
{
	const char *name = o->name ? o->name : TRUST_DEFAULT_NAME;
	int r = check_init(o, name, e);

	if (r < 0)
		return r;

	auto_close int dir = trust_dir(state, true, e);
	auto_close int lock = dir < 0 ? dir : trust_lock(dir, e);

	if (lock < 0)
		return lock;
	if (!o->force && (has(dir, name, SUFFIX_PEM) || has(dir, name, SUFFIX_WHERE))) {
		r = FAIL(e, E_USAGE, "there is a key '%s' already", name);
		return err_hint(e, r,
				"plimsoll trust rotate %s --until DATE, plimsoll trust init --name "
				"OTHER, or --force to replace it",
				name);
	}
	return trust_init_locked(dir, o, name, ret_thumbprint, e);
}

/* The public half, as it was written beside the key; of older keys their certificate has it. */
int trust_key_public(int dir, const char *name, struct key **ret, struct err *e)
{
	auto_buf pem = BUF_INIT(LIMIT_KEY_PEM + 1);
	auto_chain c = { .n = 0 };
	char path[PATH_LEN];
	int r;

	key_path(path, name, SUFFIX_PUB);
	if (fs_exists(dir, path)) {
		r = trust_read(dir, path, LIMIT_KEY_PEM, &pem, e);
		return r < 0 ? r
			     : key_public_from_pem((struct str){ buf_str(&pem), pem.n }, ret, e);
	}
	r = trust_key_chain(dir, name, &c, e);
	return r < 0 ? r : cert_key(c.v[0], ret, e);
}

int trust_import_cert(const struct state *state, const char *name, struct str file,
		      char ret_thumbprint[THUMBPRINT_MAX], struct err *e)
{
	auto_close int dir = trust_dir(state, true, e);
	auto_close int lock = dir < 0 ? dir : trust_lock(dir, e);
	auto_release(key_free) struct key *k = NULL;
	auto_chain c = { .n = 0 };
	int r;

	if (lock < 0)
		return lock;
	name = name ? name : TRUST_DEFAULT_NAME;
	if (!trust_name_ok(name))
		return FAIL(e, E_USAGE, "'%.100s' cannot name a key", name);
	if ((r = trust_key_public(dir, name, &k, e)) < 0 || (r = take_chain(file, k, &c, e)) < 0)
		return WRAP(e, r, "key '%s'", name);
	if (ret_thumbprint)
		cert_thumbprint(c.v[0], ret_thumbprint);
	return write_chain(dir, name, &c, e);
}

int trust_key_move(int dir, const char *from, const char *to, struct err *e)
{
	/* The certificate before the private half, as install() has it. */
	static const int order[] = { SUFFIX_PUB, SUFFIX_CRT, SUFFIX_PEM, SUFFIX_WHERE };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		char a[PATH_LEN], b[PATH_LEN];
		int r;

		key_path(a, from, order[i]);
		key_path(b, to, order[i]);
		if (fs_exists(dir, a)) {
			if (renameat(dir, a, dir, b) < 0)
				return FAIL_SYS(e, "move key '%s' to '%s'", from, to);
		} else if ((r = fs_remove_tree(dir, b, e)) < 0) {
			return r;
		}
	}
	return sync_folder(dir, e);
}
