/* SPDX-License-Identifier: Apache-2.0 */
/* pax extended headers: records of "LENGTH KEY=VALUE\n" (POSIX.1-2017 pax, "pax Extended Header").
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "oci/tar_format.h"

enum { LIMIT_XATTR_NAME = 255 };

/* Splits one record off the front. LENGTH counts the whole record, itself included. */
static int cut_record(struct str *text, struct str *ret_key, struct str *ret_value, struct err *e)
{
	struct str digits, body = *text;
	const char *equals;
	uint64_t n = 0;

	if (!str_cut(&body, ' ', &digits) || str_u64(digits, text->n, &n, NULL) < 0 ||
	    n < digits.n + 4)
		return FAIL(e, E_FORMAT, "pax record with a bad length");
	body = (struct str){ text->p + digits.n + 1, (size_t)n - digits.n - 2 };
	if (text->p[n - 1] != '\n')
		return FAIL(e, E_FORMAT, "pax record without its newline");
	equals = memchr(body.p, '=', body.n);
	if (!equals || equals == body.p)
		return FAIL(e, E_FORMAT, "pax record without a key");
	*ret_key = (struct str){ body.p, (size_t)(equals - body.p) };
	*ret_value = (struct str){ equals + 1, body.n - ret_key->n - 1 };
	if (!str_utf8(*ret_key)) /* and no NUL */
		return FAIL(e, E_FORMAT, "pax record whose key is not UTF-8");
	text->p += n;
	text->n -= (size_t)n;
	return 0;
}

static struct tar_xattr *find_xattr(struct tar_pax *p, struct str name)
{
	for (size_t i = 0; i < p->xattrs_n; i++)
		if (str_eqz(name, p->xattrs[i].name))
			return &p->xattrs[i];
	return NULL;
}

static int put_xattr(struct tar_pax *p, struct str name, struct str value, struct err *e)
{
	struct tar_xattr *x = find_xattr(p, name);
	auto_free char *copy = malloc(value.n + 1);

	if (!copy)
		return FAIL_NOMEM(e);
	if (name.n == 0 || name.n > LIMIT_XATTR_NAME || value.n > LIMIT_TAR_XATTR)
		return FAIL(e, E_FORMAT, "extended attribute '%.*s': name or value too long",
			    (int)(name.n < 80 ? name.n : 80), name.p);
	if (value.n)
		memcpy(copy, value.p, value.n);
	copy[value.n] = '\0';
	if (!x) {
		if (p->xattrs_n == LIMIT_TAR_XATTRS)
			return FAIL(e, E_FORMAT, "more than %d extended attributes",
				    LIMIT_TAR_XATTRS);
		if (!p->xattrs)
			p->xattrs = calloc(LIMIT_TAR_XATTRS, sizeof(*p->xattrs));
		if (!p->xattrs)
			return FAIL_NOMEM(e);
		x = &p->xattrs[p->xattrs_n];
		x->name = str_dup(name);
		if (!x->name)
			return FAIL_NOMEM(e);
		p->xattrs_n++;
	}
	free(x->value);
	x->value = TAKE(copy);
	x->value_n = value.n;
	return 0;
}

static int put_record(struct tar_pax *p, struct str key, struct str value, struct err *e)
{
	static const char xattr[] = "SCHILY.xattr.";
	const struct {
		const char *key;
		struct str *to;
	} known[] = { { "path", &p->path }, { "linkpath", &p->linkpath }, { "size", &p->size },
		      { "uid", &p->uid },   { "gid", &p->gid },		  { "mtime", &p->mtime } };

	if (str_starts(key, xattr))
		return put_xattr(
			p, (struct str){ key.p + sizeof(xattr) - 1, key.n + 1 - sizeof(xattr) },
			value, e);
	if (memchr(value.p, '\0', value.n))
		return FAIL(e, E_FORMAT, "pax record '%.*s' holds a NUL", (int)key.n, key.p);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (str_eqz(key, known[i].key)) /* an empty value takes an earlier one back */
			*known[i].to = value.n ? value : (struct str){ 0 };
	if (str_starts(key, "GNU.sparse.") || str_eqz(key, "SCHILY.realsize") ||
	    str_eqz(key, "SCHILY.filetype"))
		return FAIL(e, E_FORMAT, "sparse files are not supported");
	if (str_eqz(key, "hdrcharset") && !str_eqz(value, "BINARY") &&
	    !str_eqz(value, "ISO-IR 10646 2000 UTF-8"))
		return FAIL(e, E_FORMAT, "pax header in an unknown character set");
	return 0;
}

/* What a global header may say: nothing that changes how a member is read. */
static bool harmless(struct str key)
{
	return str_eqz(key, "comment") || str_eqz(key, "atime") || str_eqz(key, "ctime") ||
	       str_eqz(key, "charset");
}

int tar_pax_parse(struct str text, bool global, struct tar_pax *ret, struct err *e)
{
	__attribute__((cleanup(tar_pax_release))) struct tar_pax p = { 0 };
	struct str key = { 0 }, value = { 0 };

	while (text.n) {
		int r = cut_record(&text, &key, &value, e);

		if (r == 0 && global && !harmless(key))
			r = FAIL(e, E_FORMAT, "global pax header sets '%.*s' for all members",
				 (int)(key.n < 80 ? key.n : 80), key.p);
		r = r < 0 ? r : put_record(&p, key, value, e);
		if (r < 0)
			return r;
	}
	*ret = p;
	p = (struct tar_pax){ 0 };
	return 0;
}

void tar_pax_free(struct tar_pax *p)
{
	for (size_t i = 0; i < p->xattrs_n; i++) {
		free(p->xattrs[i].name);
		free(p->xattrs[i].value);
	}
	free(p->xattrs);
	*p = (struct tar_pax){ 0 };
}

int tar_pax_time(struct str s, int64_t *ret, uint32_t *ret_ns, struct err *e)
{
	bool minus = str_starts(s, "-");
	struct str whole, all = s;
	uint64_t seconds;
	uint32_t ns = 0, scale = 100000000;

	if (minus)
		s = (struct str){ s.p + 1, s.n - 1 };
	if (!str_cut(&s, '.', &whole) ||
	    str_u64(whole, (uint64_t)INT64_MAX / 1000000000, &seconds, NULL) < 0)
		goto bad;
	for (size_t i = 0; i < s.n; i++, scale /= 10) {
		if (s.p[i] < '0' || s.p[i] > '9')
			goto bad;
		ns += (uint32_t)(s.p[i] - '0') * scale;
	}
	*ret = minus ? -(int64_t)seconds - (ns > 0) : (int64_t)seconds;
	*ret_ns = minus && ns ? 1000000000 - ns : ns;
	return 0;
bad:
	return FAIL(e, E_FORMAT, "pax time '%.*s' is not a number", (int)(all.n < 40 ? all.n : 40),
		    all.p);
}
