/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "trust/internal.h"
#include "trust/sigstore/simple.h"

#define RESERVED_ANNOTATIONS "io.plimsoll."
#define ANNOTATION_REPOSITORY RESERVED_ANNOTATIONS "repository"

static bool reserved(const char *key)
{
	return starts_with(key, "io.cncf.notary") || starts_with(key, RESERVED_ANNOTATIONS);
}

static int copy_annotations(const json_t *from, json_t *to, struct err *e)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)from, key, v)
	{
		if (reserved(key))
			return FAIL(e, E_USAGE, "annotation '%.100s': its prefix is reserved", key);
		if (!json_is_string(v))
			return FAIL(e, E_USAGE, "annotation '%.100s': not a string", key);
		if (json_object_set(to, key, v) < 0)
			return FAIL_NOMEM(e);
	}
	return 0;
}

int payload_make(const struct desc *manifest, const char *repository, const json_t *annotations,
		 struct buf *ret, struct err *e)
{
	auto_json *notes = json_object();
	auto_json *j = json_pack("{s:{s:s, s:s, s:I}}", "targetArtifact", "mediaType",
				 manifest->media_type, "digest", manifest->digest.s, "size",
				 (json_int_t)manifest->size);
	int r;

	if (!j || !notes)
		return FAIL_NOMEM(e);
	r = annotations ? copy_annotations(annotations, notes, e) : 0;
	if (r == 0 && repository[0])
		r = json_put_string(notes, ANNOTATION_REPOSITORY, repository, e);
	if (r == 0 && json_object_size(notes))
		r = json_put(json_object_get(j, "targetArtifact"), "annotations", TAKE(notes), e);
	return r < 0 ? r : json_canonical(j, ret, e);
}

/* Only the members of the specification, so that no reader can take another for one of them. */
static int check_members(json_t *target, struct err *e)
{
	static const char *const known[] = { "mediaType", "digest", "size", "annotations",
					     "artifactType" };
	json_t *notes = json_object_get(target, "annotations");
	const char *key;
	json_t *v;

	json_object_foreach(target, key, v)
	{
		size_t i = 0;

		while (i < 5 && strcmp(key, known[i]) != 0)
			i++;
		if (i == 5)
			return FAIL(e, E_FORMAT, "payload: unknown member '%.60s'", key);
	}
	if (notes && !json_is_object(notes))
		return FAIL(e, E_FORMAT, "payload: 'annotations' is not an object");
	json_object_foreach(notes, key, v)
	{
		if (!json_is_string(v))
			return FAIL(e, E_FORMAT, "payload: an annotation is not a string");
	}
	return 0;
}

/* A name in another case, or one that no repository has, is refused and not taken for none. */
static int read_repository(const json_t *target, char ret[static TRUST_REPOSITORY_MAX],
			   struct err *e)
{
	json_t *notes = json_object_get(target, "annotations");
	const char *key, *name = "";
	json_t *v;

	json_object_foreach(notes, key, v)
	{
		if (strcasecmp(key, ANNOTATION_REPOSITORY) != 0)
			continue;
		name = json_string_value(v);
		if (strcmp(key, ANNOTATION_REPOSITORY) != 0 || !name[0] ||
		    strlen(name) >= TRUST_REPOSITORY_MAX)
			return FAIL(e, E_FORMAT, "payload: '%.60s' is not the name of a repository",
				    key);
	}
	(void)snprintf(ret, TRUST_REPOSITORY_MAX, "%s", name);
	return 0;
}

int payload_check(struct str payload, const struct desc *manifest, const json_t *annotations,
		  char ret_repository[static TRUST_REPOSITORY_MAX], struct err *e)
{
	auto_json *j = NULL;
	json_t *target;
	struct desc d;
	int r;

	if ((r = json_parse(payload.p, payload.n, "payload", &j, e)) < 0 ||
	    (r = json_get_object(j, "targetArtifact", &target, "payload", e)) < 0)
		return r;
	if (json_object_size(j) != 1)
		return FAIL(e, E_FORMAT, "payload: has members beside 'targetArtifact'");
	if ((r = check_members(target, e)) < 0 || (r = desc_parse(target, "payload", &d, e)) < 0)
		return r;
	if (!digest_eq(&d.digest, &manifest->digest))
		return FAIL(e, E_VERIFY, "it signs another manifest, %s", d.digest.s);
	if (strcmp(d.media_type, manifest->media_type) != 0)
		return FAIL(e, E_VERIFY, "it signs media type '%s', the manifest is '%s'",
			    d.media_type, manifest->media_type);
	if (d.size != manifest->size)
		return FAIL(e, E_VERIFY, "it signs %" PRIu64 " bytes, the manifest has %" PRIu64,
			    d.size, manifest->size);
	r = says_all(json_object_get(target, "annotations"), annotations, e);
	return r < 0 ? r : read_repository(target, ret_repository, e);
}
