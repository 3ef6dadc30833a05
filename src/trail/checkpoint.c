/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/checkpoint.h"

#include "base/encode.h"

int checkpoint_parse(struct str text, struct checkpoint *ret, struct err *e)
{
	auto_buf root = BUF_INIT(sizeof(ret->root.b));
	struct checkpoint c = { .size = 0 };
	struct str rest = text, origin, size, hash, line;
	int r;

	if (text.n == 0 || text.p[text.n - 1] != '\n')
		return FAIL(e, E_FORMAT, "checkpoint: does not end with a newline");
	if (!str_line(&rest, &origin) || !str_line(&rest, &size) || !str_line(&rest, &hash))
		return FAIL(e, E_FORMAT, "checkpoint: fewer than three lines");
	if (origin.n == 0 || origin.n > LIMIT_KEY_NAME || memchr(origin.p, '\0', origin.n))
		return FAIL(e, E_FORMAT, "checkpoint: origin of %zu bytes", origin.n);
	if ((r = str_u64(size, LIMIT_TREE_SIZE, &c.size, e)) < 0)
		return WRAP(e, r, "checkpoint: size");
	if ((r = b64_decode(hash, B64_STD, &root, e)) < 0)
		return WRAP(e, r, "checkpoint: root");
	if (root.n != sizeof(c.root.b))
		return FAIL(e, E_FORMAT, "checkpoint: root of %zu bytes", root.n);
	while (str_line(&rest, &line))
		if (line.n == 0)
			return FAIL(e, E_FORMAT, "checkpoint: empty extension line");
	memcpy(c.origin, origin.p, origin.n);
	memcpy(c.root.b, root.p, sizeof(c.root.b));
	*ret = c;
	return 0;
}

int checkpoint_format(const struct checkpoint *c, struct buf *ret, struct err *e)
{
	buf_printf(ret, "%s\n%llu\n", c->origin, (unsigned long long)c->size);
	b64_put(ret, B64_STD, c->root.b, sizeof(c->root.b));
	buf_putc(ret, '\n');
	return buf_check(ret, "checkpoint", e);
}

int checkpoint_open(struct str note, const struct note_key *key, struct checkpoint *ret,
		    struct err *e)
{
	struct checkpoint c;
	struct note n;
	int r;

	if ((r = note_parse(note, &n, e)) < 0 || (r = note_verify(&n, &key, 1, e)) < 0 ||
	    (r = checkpoint_parse(n.text, &c, e)) < 0)
		return r;
	if (strcmp(c.origin, key->name) != 0)
		return FAIL(e, E_VERIFY, "checkpoint: of '%s', not of '%s'", c.origin, key->name);
	*ret = c;
	return 0;
}

int checkpoint_sign(const struct checkpoint *c, const struct note_key *key, struct buf *ret,
		    struct err *e)
{
	auto_buf text = BUF_INIT(1024);
	int r = checkpoint_format(c, &text, e);

	return r < 0 ? r : note_sign((struct str){ text.p, text.n }, key, ret, e);
}
