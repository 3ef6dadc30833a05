/* SPDX-License-Identifier: Apache-2.0 */
/* One digest of all that this host trusts. */
#include <fcntl.h>
#include <stdio.h>

#include "trust/internal.h"

enum { LIMIT_TRUST_DEPTH = 4, LIMIT_TRUST_FILE = 16 << 20, LIMIT_TRUST_TEXT = 8 << 20 };

/* A file's name and digest; a folder's entries, in the order of their names. */
static int add(int dir, const char *path, int depth, struct buf *ret, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_TRUST_FILE + 1);
	auto_strv names = { 0 };
	struct digest d;
	struct stat st;
	int r = 0;

	if (fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (S_ISDIR(st.st_mode)) {
		r = depth ? trust_names(dir, path, &names, e)
			  : FAIL(e, E_FORMAT, "%s: folders within folders", path);
		for (size_t i = 0; r == 0 && i < names.n; i++) {
			char below[4096];

			(void)snprintf(below, sizeof(below), "%s/%s", path, names.v[i]);
			r = add(dir, below, depth - 1, ret, e);
		}
		return r;
	}
	r = trust_read(dir, path, LIMIT_TRUST_FILE, &bytes, e);
	if (r < 0)
		return r;
	digest_of(bytes.p, bytes.n, &d);
	buf_printf(ret, "%s %s\n", path, d.s);
	return 0;
}

int trust_digest(const struct state *state, struct digest *ret, struct err *e)
{
	static const char *const paths[] = { FILE_POLICY,    FILE_POLICY_OCI, FILE_NAMED,
					     FILE_WITHDRAWN, "truststore",    "sigstore" };
	auto_close int dir = trust_dir(state, false, e);
	auto_buf text = BUF_INIT(LIMIT_TRUST_TEXT);
	auto_strv scopes = { 0 };
	int r = dir < 0 && dir != E_NOTFOUND ? dir : 0;

	if (dir >= 0)
		r = trust_names(dir, "tuf/scopes", &scopes, e);
	for (size_t i = 0; r == 0 && dir >= 0 && i < sizeof(paths) / sizeof(*paths); i++)
		r = add(dir, paths[i], LIMIT_TRUST_DEPTH, &text, e);
	/* Whose roots are trusted; their versions move on by themselves. */
	for (size_t i = 0; r == 0 && i < scopes.n; i++)
		buf_printf(&text, "tuf %s\n", scopes.v[i]);
	r = r < 0 ? r : buf_check(&text, "trust folder", e);
	if (r == 0)
		digest_of(buf_str(&text), text.n, ret);
	return r < 0 ? WRAP(e, r, "read what is trusted") : 0;
}
