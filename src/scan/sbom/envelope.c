/* SPDX-License-Identifier: Apache-2.0 */
#include "base/encode.h"
#include "scan/sbom/internal.h"

/*
 * SBOMs travel wrapped: in an in-toto statement (BuildKit), that one in a DSSE envelope, a line
 * each (cosign download attestation), in "SPDX" by platform (docker buildx imagetools inspect), in
 * "sbom" (GitHub's dependency graph). Nothing here verifies a signature: what an SBOM claims is
 * not checked against anything.
 */
enum { LIMIT_WRAPPINGS = 8 };

static bool is_sbom(const json_t *doc)
{
	return json_is_string(json_object_get(doc, "spdxVersion")) ||
	       json_is_string(json_object_get(doc, "bomFormat")) ||
	       json_is_array(json_object_get(doc, "artifacts"));
}

/* The one platform of "linux/amd64": {"SPDX": {…}}. */
static int one_platform(const json_t *doc, const json_t **ret, struct err *e)
{
	const char *platform, *found = NULL;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)doc, platform, value)
	{
		if (!strchr(platform, '/') || !json_object_get(value, "SPDX"))
			continue;
		if (found)
			return FAIL(e, E_FORMAT,
				    "an SBOM for each of several platforms (%.40s, %.40s): "
				    "write the one that is meant to a file of its own",
				    found, platform);
		found = platform;
		*ret = json_object_get(value, "SPDX");
	}
	return 0;
}

/* What doc wraps, an object or a string; NULL: nothing. */
static int wrapped(const json_t *doc, const json_t **ret, struct err *e)
{
	static const char *const members[] = { "payload", "predicate", "SPDX", "sbom", "Data" };

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		const json_t *inner = json_object_get(doc, members[i]);

		if (json_is_object(inner) || json_is_string(inner)) {
			*ret = inner;
			return 0;
		}
	}
	return one_platform(doc, ret, e);
}

static int load(struct str text, int depth, json_t **ret, struct err *e);

/* Takes doc. */
static int unwrap(json_t *doc, int depth, json_t **ret, struct err *e)
{
	auto_json *owned = doc;
	auto_buf payload = BUF_INIT(LIMIT_SBOM_BYTES);
	const char *type = sbom_member(doc, "predicateType");
	const json_t *inner = NULL;
	struct str text;
	int r = is_sbom(doc) ? 0 : wrapped(doc, &inner, e);

	if (r < 0)
		return r;
	if (!inner) { /* the reader says what it is not */
		*ret = TAKE(owned);
		return 0;
	}
	if (depth >= LIMIT_WRAPPINGS)
		return FAIL(e, E_FORMAT, "wrapped more than %d times", LIMIT_WRAPPINGS);
	if (json_is_object(inner)) {
		r = unwrap(json_incref((json_t *)(uintptr_t)inner), depth + 1, ret, e);
	} else {
		text = (struct str){ json_string_value(inner), json_string_length(inner) };
		if (inner == json_object_get(doc, "payload")) {
			r = b64_decode(text, B64_STD, &payload, e);
			text = (struct str){ buf_str(&payload), payload.n };
		}
		r = r < 0 ? r : load(text, depth + 1, ret, e);
	}
	if (r == 0 && *type && !is_sbom(*ret)) {
		json_decref(*ret);
		*ret = NULL;
		r = FAIL(e, E_FORMAT, "an attestation of type '%.100s', which is no SBOM", type);
	}
	return r;
}

/* Whether the text is several documents, a line each. */
static bool is_lines(struct str text)
{
	struct str line, rest = text;
	auto_json *doc = NULL;

	return str_line(&rest, &line) && str_trim(rest).n &&
	       json_parse(line.p, line.n, "SBOM", &doc, NULL) == 0;
}

/* Of several documents the first that is an SBOM: beside it may be other attestations. */
static int load_lines(struct str text, int depth, json_t **ret, struct err *e)
{
	struct err why = ERR_INIT;
	struct str line;

	while (str_line(&text, &line)) {
		auto_json *doc = NULL, *found = NULL;

		line = str_trim(line);
		if (!line.n || json_parse(line.p, line.n, "SBOM", &doc, &why) < 0 ||
		    unwrap(TAKE(doc), depth, &found, &why) < 0 || !is_sbom(found))
			continue;
		*ret = TAKE(found);
		return 0;
	}
	return FAIL(e, E_FORMAT, "none of its lines is an SBOM%s%.300s", *why.msg ? ": " : "",
		    why.msg);
}

static bool is_tag_value(struct str text)
{
	struct str line;

	while (str_line(&text, &line)) {
		line = str_trim(line);
		if (line.n && *line.p != '#')
			return str_starts(line, "SPDXVersion:");
	}
	return false;
}

static int load(struct str text, int depth, json_t **ret, struct err *e)
{
	static const char mark[] = "\xef\xbb\xbf"; /* U+FEFF, which Windows begins files with */
	json_t *doc = NULL;
	int r;

	if (str_starts(text, mark))
		text = (struct str){ text.p + sizeof(mark) - 1, text.n - (sizeof(mark) - 1) };
	text = str_trim(text);
	if (str_starts(text, "<"))
		return FAIL(e, E_FORMAT, "XML: of SPDX and CycloneDX, JSON is read");
	if (is_tag_value(text))
		return sbom_tag_value(text, ret, e);
	if (is_lines(text))
		return load_lines(text, depth, ret, e);
	r = json_parse(text.p, text.n, "SBOM", &doc, e);
	return r < 0 ? r : unwrap(doc, depth, ret, e);
}

int sbom_load(struct str text, json_t **ret, struct err *e)
{
	return load(text, 0, ret, e);
}
