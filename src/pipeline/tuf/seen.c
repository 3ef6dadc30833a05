/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "pipeline/tuf/scope.h"

/* When a scope was last looked at. */

enum {
	LIMIT_SEEN_FILE = 16384,
	CLOCK_SLACK = 300, /* seconds that clocks may differ */
	SEEN_EVERY = 3600, /* seconds after which the time of the last look is written anew */
};

int tuf_seen_load(const struct tuf_scope *s, struct tuf_seen *ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_SEEN_FILE);
	auto_json *j = NULL;
	struct tuf_seen seen = { .at = 0 };
	struct err own = ERR_INIT;
	const char *manifest;
	uint64_t at;
	int r;

	r = fs_read(s->dir, "seen", LIMIT_SEEN_FILE, &text, &own);
	if (r == E_NOTFOUND) {
		*ret = seen;
		return 0;
	}
	if (r < 0) {
		if (e)
			*e = own;
		return r;
	}
	if ((r = json_parse(buf_str(&text), text.n, "seen", &j, e)) < 0 ||
	    (r = json_get_string(j, "manifest", &manifest, "seen", e)) < 0 ||
	    (r = json_get_u64(j, "at", &at, "seen", e)) < 0 ||
	    (r = digest_parse(str_of(manifest), &seen.manifest, e)) < 0)
		return r;
	seen.at = (int64_t)at;
	*ret = seen;
	return 0;
}

int tuf_seen_save(const struct tuf_scope *s, const struct tuf_seen *seen, struct err *e)
{
	auto_json *j =
		json_pack("{ss sI}", "manifest", seen->manifest.s, "at", (json_int_t)seen->at);
	auto_buf text = BUF_INIT(LIMIT_SEEN_FILE);
	int r = j ? json_canonical(j, &text, e) : FAIL_NOMEM(e);

	return r < 0 ? r : fs_write_file(s->dir, "seen", text.p, text.n, 0644, e);
}

int tuf_seen_check(const struct tuf_seen *seen, int64_t now, struct err *e)
{
	char before[RFC3339_MAX], text[RFC3339_MAX];

	if (now >= seen->at - CLOCK_SLACK)
		return 0;
	clock_rfc3339(seen->at, before);
	clock_rfc3339(now, text);
	return err_hint(e,
			FAIL(e, E_VERIFY,
			     "the clock here says %s, but metadata was looked at at %s already: "
			     "with a clock "
			     "that went back nothing expires",
			     text, before),
			"date -u");
}

int tuf_seen_note(const struct tuf_scope *s, const struct tuf_seen *seen,
		  const struct digest *manifest, int64_t now, struct err *e)
{
	if (digest_eq(&seen->manifest, manifest) && now < seen->at + SEEN_EVERY)
		return 0;
	return tuf_seen_save(s, &(struct tuf_seen){ *manifest, now > seen->at ? now : seen->at },
			     e);
}
