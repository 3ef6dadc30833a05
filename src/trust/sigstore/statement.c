/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "trust/sigstore/internal.h"

/* Making. */

int statement_make_signature(const struct desc *manifest, const char *name,
			     const json_t *annotations, struct buf *ret, struct err *e)
{
	auto_json *j = json_object();
	json_t *subjects = json_array(), *subject = json_object(), *digest = json_object();
	int r;

	if ((r = json_put(j, "subject", subjects, e)) < 0 ||
	    (r = json_push(subjects, subject, e)) < 0 ||
	    (r = json_put(subject, "digest", digest, e)) < 0 ||
	    (r = json_put_string(digest, "sha256", digest_hex(&manifest->digest), e)) < 0 ||
	    (r = json_put_string(subject, "name", name, e)) < 0 ||
	    (r = json_put_string(j, "_type", IN_TOTO_STATEMENT, e)) < 0 ||
	    (r = json_put_string(j, "predicateType", COSIGN_SIGN_PREDICATE, e)) < 0 ||
	    (r = json_put(j, "predicate", json_object(), e)) < 0)
		return r;
	if (json_object_size(annotations)) {
		r = json_put(subject, "annotations", json_deep_copy(annotations), e);
		if (r < 0)
			return r;
	}
	return json_canonical(j, ret, e);
}

/* Reading. */

/* As cosign and skopeo write one: Docker's by another host, with a tag or without. */
bool same_repository(const char *name, const char *want)
{
	auto_buf full = BUF_INIT(2 * LIMIT_REF);
	struct ref ref;

	if (strcmp(name, want) == 0)
		return true;
	if (ref_parse(name, &ref, NULL) < 0)
		return false;
	ref_repository(&ref, &full);
	return strcmp(buf_str(&full), want) == 0;
}

static bool is_named(const json_t *subject, const char *want)
{
	const char *name = json_string_or_null(subject, "name");

	return want && name && same_repository(name, want);
}

/* The subject with the digest: the first, or the first that is named as preferred (may be NULL). */
static const json_t *subject_of(const json_t *list, const struct digest *about,
				const char *preferred)
{
	const json_t *subject, *found = NULL;
	size_t i;

	json_array_foreach(list, i, subject)
	{
		const char *hex = json_string_or_null(json_object_get(subject, "digest"), "sha256");

		if (!hex || strcmp(hex, digest_hex(about)) != 0)
			continue;
		if (is_named(subject, preferred))
			return subject;
		if (!found)
			found = subject;
	}
	return found;
}

static int check_subject(const json_t *o, struct err *e)
{
	static const char what[] = "statement: subject";
	const json_t *name = json_object_get(o, "name");
	json_t *digest;
	int r = json_get_object(o, "digest", &digest, what, e);

	return r == 0 && name && !json_is_string(name)
		       ? FAIL(e, E_FORMAT, "%s: 'name' is not a string", what)
		       : r;
}

static int read_subjects(const json_t *list, const struct digest *about, const char *preferred,
			 struct statement_info *ret, struct err *e)
{
	size_t n = json_array_size(list);
	const json_t *found;
	const char *name;

	if (n == 0 || n > LIMIT_STATEMENT_SUBJECTS)
		return FAIL(e, E_FORMAT, "statement: want 1 to %d subjects, got %zu",
			    LIMIT_STATEMENT_SUBJECTS, n);
	for (size_t i = 0; i < n; i++) {
		int r = check_subject(json_array_get(list, i), e);

		if (r < 0)
			return r;
	}
	found = subject_of(list, about, preferred);
	name = json_string_or_null(found, "name");
	if (name && strlen(name) >= sizeof(ret->name))
		return FAIL(e, E_FORMAT, "statement: subject: 'name' is longer than %zu bytes",
			    sizeof(ret->name) - 1);
	ret->covers = found != NULL;
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name ? name : "");
	return 0;
}

int statement_read(struct str payload, const struct digest *about, const char *preferred,
		   struct statement_info *ret, struct err *e)
{
	struct statement_info info = { .covers = false };
	auto_json *j = NULL;
	const char *type, *predicate;
	json_t *subjects;
	int r;

	if ((r = json_parse(payload.p, payload.n, "statement", &j, e)) < 0 ||
	    (r = json_get_string(j, "_type", &type, "statement", e)) < 0 ||
	    (r = json_get_string(j, "predicateType", &predicate, "statement", e)) < 0 ||
	    (r = json_get_array(j, "subject", &subjects, "statement", e)) < 0 ||
	    (r = read_subjects(subjects, about, preferred, &info, e)) < 0)
		return r;
	if (strcmp(type, IN_TOTO_STATEMENT) != 0 &&
	    strcmp(type, "https://in-toto.io/Statement/v0.1") != 0)
		return FAIL(e, E_FORMAT, "statement: '_type' is '%.80s', not an in-toto statement",
			    type);
	if (!*predicate || strlen(predicate) > LIMIT_PREDICATE_TYPE)
		return FAIL(e, E_FORMAT, "statement: 'predicateType' has 1 to %d bytes",
			    LIMIT_PREDICATE_TYPE);
	(void)snprintf(info.predicate_type, sizeof(info.predicate_type), "%s", predicate);
	*ret = info;
	return 0;
}

/* Of a subject, as ours and cosign's statements have them. */
int statement_says(struct str payload, const struct digest *about, const char *preferred,
		   const json_t *want, struct err *e)
{
	auto_json *j = NULL;
	const json_t *subject;
	int r = json_parse(payload.p, payload.n, "statement", &j, e);

	if (r < 0)
		return r;
	subject = subject_of(json_object_get(j, "subject"), about, preferred);
	return says_all(json_object_get(subject, "annotations"), want, e);
}
