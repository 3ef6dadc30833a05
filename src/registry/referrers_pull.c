/* SPDX-License-Identifier: Apache-2.0 */
/* What refers to a manifest into the store. Of long lists, what is most likely needed. */
#include <stdlib.h>

#include "registry/registry_internal.h"

enum { LIMIT_BUNDLES = 1000 }; /* taken of one subject beside others: each scan adds some */

/* How late an entry is looked at. */
enum lateness {
	WANTED,	 /* of the type asked for; of all types, it is signatures that a pull needs */
	BUNDLE,	 /* when all types are asked for */
	UNTYPED, /* it may be anything: fallback tags do not always say */
	OTHER,
	LATENESSES,
};

static enum lateness lateness(const json_t *entry, const char *type)
{
	const char *has = json_string_or_null(entry, "artifactType");

	if (!has || !*has)
		return UNTYPED;
	if (strcmp(has, type ? type : "application/vnd.cncf.notary.signature") == 0)
		return WANTED;
	return !type && starts_with(has, "application/vnd.dev.sigstore.bundle") ? BUNDLE : OTHER;
}

/* Which bundles are fetched where there are more than room, the newest standing last: the newest of
 * each type of attestation, since what is said once must not be hidden behind nightly scans, then
 * the newest of all. A type is only what the entry says. */
static int choose_bundles(const json_t *list, size_t room, bool *take, bool *ret_more,
			  struct err *e)
{
	auto_json *seen = json_object();

	for (int again = 0; seen && again < 2; again++)
		for (size_t i = json_array_size(list); i-- > 0;) {
			const json_t *entry = json_array_get(list, i);
			const char *type =
				json_string_or_null(json_object_get(entry, "annotations"),
						    "dev.sigstore.bundle.predicateType");

			type = type ? type : "";
			if (lateness(entry, NULL) != BUNDLE || take[i] ||
			    (!again && json_object_get(seen, type)))
				continue;
			if (room == 0) {
				*ret_more = true;
				return 0;
			}
			if (json_object_set_new(seen, type, json_true()) < 0)
				return FAIL_NOMEM(e);
			take[i] = true;
			room--;
		}
	return seen ? 0 : FAIL_NOMEM(e);
}

/* Entries that say they are of the type come first: where there are many others, those must not use
 * up what is looked at. What an entry says is no proof, so the others follow; bundles have a limit
 * of their own and leave the others theirs. Each stays behind what it stood behind, for the store
 * goes by that order, too. */
static int likely_first(const json_t *list, const char *type, json_t **ret, bool *ret_more,
			struct err *e)
{
	auto_json *out = json_array();
	auto_free bool *take = calloc(json_array_size(list) + 1, sizeof(*take));
	size_t i, room = LIMIT_REFERRERS;
	json_t *entry;
	int r = out && take ? 0 : FAIL_NOMEM(e);

	if (r == 0 && !type)
		r = choose_bundles(list, LIMIT_BUNDLES, take, ret_more, e);
	for (enum lateness late = WANTED; r == 0 && late < LATENESSES; late++)
		json_array_foreach(list, i, entry)
		{
			if (lateness(entry, type) != late || (late == BUNDLE && !take[i]))
				continue;
			if (late != BUNDLE && room == 0) {
				*ret_more = true;
				break;
			}
			room -= late != BUNDLE;
			if (json_array_append(out, entry) < 0)
				return FAIL_NOMEM(e);
		}
	if (r == 0)
		*ret = TAKE(out);
	return r;
}

/* One referrer: its manifest must name the subject, whatever the list says of it. */
static int get_referrer(struct registry *reg, struct store *s, const char *name,
			const struct digest *subject, const char *artifact_type,
			const json_t *entry, struct progress *p, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_manifest m = { 0 };
	struct desc d;
	int r = desc_parse(entry, "referrer", &d, e);

	if (r == 0 && !desc_is_manifest(&d))
		r = FAIL(e, E_FORMAT, "%s is a '%s', not an image manifest", d.digest.s,
			 d.media_type);
	if (r == 0)
		r = registry_get_manifest(reg, name, d.digest.s, &d, &bytes, NULL, e);
	if (r == 0)
		r = manifest_parse(buf_str(&bytes), bytes.n, d.digest.s, &m, e);
	if (r < 0)
		return r;
	if (!m.has_subject || !digest_eq(&m.subject.digest, subject))
		return FAIL(e, E_FORMAT, "manifest %s does not refer to %s", d.digest.s,
			    subject->s);
	if (artifact_type && strcmp(m.artifact_type, artifact_type) != 0)
		return 1;
	r = registry_get_image(reg, s, name, &d, &bytes, LIMIT_REFERRER_BLOB, p, e);
	return r < 0 ? r : store_add_referrer(s, &d, subject, e);
}

/* Whether an error is about this one referrer, so that the others go on. */
static bool is_its_own(int r)
{
	return r == E_FORMAT || r == E_VERIFY || r == E_NOTFOUND;
}

static int get_all(struct registry *reg, struct store *s, const char *name,
		   const struct digest *subject, const char *artifact_type, const json_t *list,
		   struct progress *p, struct referrers_got *got, struct err *e)
{
	json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry)
	{
		struct err own = ERR_INIT;
		int r;

		r = get_referrer(reg, s, name, subject, artifact_type, entry, p, &own);
		if (r == 0)
			got->added++;
		if (r < 0 && !is_its_own(r)) {
			if (e)
				*e = own;
			return r;
		}
		if (r < 0) {
			char text[512];

			got->skipped++;
			(void)snprintf(text, sizeof(text), "skipped a referrer: %.480s", own.msg);
			text_sanitize(text);
			progress_line(p, text);
		}
	}
	return 0;
}

static void tell_cut(struct progress *p, const struct digest *subject)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
		       "more than %d refer to %s: the others are left, signatures last",
		       LIMIT_REFERRERS, subject->s);
	progress_line(p, text);
}

/* What the API lists. A list without entries may be of a registry that has the API since a while
 * and did not take over what was in fallback tags before. */
static int list_all(struct registry *reg, const char *name, const struct digest *subject,
		    const char *artifact_type, json_t **ret, bool *ret_more, struct err *e)
{
	auto_json *list = NULL, *tagged = NULL;
	int r = referrers_list_most(reg, name, subject, artifact_type, LIMIT_REFERRERS_LISTED,
				    &list, ret_more, e);
	int t;

	if ((r < 0 && r != E_NOTFOUND) || json_array_size(list)) {
		*ret = TAKE(list);
		return r;
	}
	t = fallback_list(reg, name, subject, &tagged, e);
	if (t == 0) {
		*ret = TAKE(tagged);
	} else if (r == 0 && (t == E_NOTFOUND || t == E_FORMAT)) {
		*ret = TAKE(list);
		t = 0;
	}
	return t;
}

static int pull_referrers(struct registry *reg, struct store *s, const char *name,
			  const struct digest *subject, const char *artifact_type,
			  struct progress *p, struct referrers_got *ret, struct err *e)
{
	auto_json *given = NULL, *list = NULL;
	struct referrers_got got = { 0 };
	int r = list_all(reg, name, subject, artifact_type, &given, &got.more, e);

	if (r == 0)
		r = likely_first(given, artifact_type, &list, &got.more, e);
	/* No list at all, or a tag of that name that is something else: nothing refers to it. */
	if (r == 0)
		r = get_all(reg, s, name, subject, artifact_type, list, p, &got, e);
	else if (r == E_NOTFOUND || r == E_FORMAT)
		r = 0;
	if (r == 0 && got.more)
		tell_cut(p, subject);
	if (r < 0)
		return WRAP(e, r, "referrers of %s", subject->s);
	*ret = got;
	return 0;
}

int registry_pull_referrers(struct registry *reg, struct store *s, const char *name,
			    const struct digest *subject, const char *artifact_type,
			    struct progress *p, struct referrers_got *ret, struct err *e)
{
	struct referrers_got got = { 0 }, more = { 0 };
	int r = pull_referrers(reg, s, name, subject, artifact_type, p, &got, e);
	/* Few mirrors carry signatures: an image without them is not unsigned yet. */
	struct registry *original = r == 0 && got.added == 0 ? registry_original(reg) : NULL;

	if (original &&
	    pull_referrers(original, s, name, subject, artifact_type, p, &more, NULL) == 0)
		got = more;
	if (r == 0 && ret)
		*ret = got;
	return r;
}
