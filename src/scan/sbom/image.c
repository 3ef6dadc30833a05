/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "scan/sbom/internal.h"

/* What an SBOM says of the image as a whole. */

/* Distributions by the names that other tools have for them, to those of os-release. */
static const char *os_id(const char *name)
{
	static const char *const names[][2] = {
		{ "redhat", "rhel" },
		{ "amazon", "amzn" },
		{ "alma", "almalinux" },
		{ "oracle", "ol" },
		{ "opensuse.leap", "opensuse-leap" },
		{ "opensuse.tumbleweed", "opensuse-tumbleweed" },
		{ "suse linux enterprise server", "sles" },
		{ "suse.linux.enterprise.server", "sles" },
		{ "cbl-mariner", "mariner" },
		{ "archlinux", "arch" },
		{ "oraclelinux", "ol" },
		{ "amazonlinux", "amzn" },
		{ "rockylinux", "rocky" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcasecmp(name, names[i][0]) == 0)
			return names[i][1];
	return name;
}

/* SUSE's products are told apart by their whole names: "15.5" of its server is "15 SP5". */
static void put_pretty(const char *id, const char *version, struct buf *ret)
{
	size_t major = strcspn(version, ".");

	if (strcmp(id, "sles") != 0)
		buf_printf(ret, "%s%s%s", id, *version ? " " : "", version);
	else if (version[major] && strcmp(version + major, ".0") != 0)
		buf_printf(ret, "SUSE Linux Enterprise Server %.*s SP%s", (int)major, version,
			   version + major + 1);
	else
		buf_printf(ret, "SUSE Linux Enterprise Server %.*s", (int)major, version);
}

int sbom_set_os(struct sbom_reader *r, const char *name, const char *version, const char *codename,
		const char *pretty, struct err *e)
{
	/* Of others, "2 (Karoo)" is release 2 and "9+eus" release 9. */
	auto_free char *release =
		strndup(version, r->ours ? strlen(version) : strcspn(version, " +"));
	const char *id = os_id(name);
	auto_buf shown = BUF_INIT(4 * LIMIT_SBOM_FIELD);
	const struct {
		const char *key, *value;
	} members[] = {
		{ "codename", codename },
		{ "id", id },
		{ "name", pretty },
		{ "version_id", release },
	};
	int error = 0;

	if (!release)
		return FAIL_NOMEM(e);
	if (!*name || (json_object_get(r->os, "id") && (r->ours || sbom_known_os(r->os))))
		return 0;
	(void)json_object_clear(r->os);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members) && error == 0; i++)
		if (*members[i].value) {
			if (strlen(members[i].value) > LIMIT_SBOM_FIELD)
				return FAIL(e, E_FORMAT, "operating system: %s too long",
					    members[i].key);
			error = json_put_string(r->os, members[i].key, members[i].value, e);
		}
	if (error == 0 && !r->ours &&
	    (!*pretty || (strcmp(id, "sles") == 0 && !starts_with(pretty, "SUSE ")))) {
		put_pretty(id, release, &shown);
		error = json_put_string(r->os, "name", buf_str(&shown), e);
	}
	return error;
}

static int set_layers(struct sbom_reader *r, const json_t *layers, struct err *e)
{
	json_t *one;
	size_t i;

	if (json_array_size(layers) > LIMIT_LAYERS)
		return FAIL(e, E_FORMAT, "more than %d layers", LIMIT_LAYERS);
	json_array_foreach(layers, i, one)
	{
		int error = json_push(r->layers,
				      json_pack("{ss ss}", "digest", sbom_member(one, "digest"),
						"instruction", sbom_member(one, "instruction")),
				      e);

		if (error < 0)
			return error;
	}
	return 0;
}

static int set_unreadable(struct sbom_reader *r, const json_t *list, struct err *e)
{
	json_t *one;
	size_t i;

	if (json_array_size(list) > LIMIT_SBOM_PACKAGES)
		return FAIL(e, E_FORMAT, "more than %d unreadable files", LIMIT_SBOM_PACKAGES);
	json_array_foreach(list, i, one)
	{
		json_int_t layer = json_integer_value(json_object_get(one, "layer"));
		int error = json_push(r->unreadable,
				      json_pack("{ss sI ss}", "path", sbom_member(one, "path"),
						"layer", layer < 0 ? 0 : layer, "error",
						sbom_member(one, "error")),
				      e);

		if (error < 0)
			return error;
	}
	return 0;
}

int sbom_set_image(struct sbom_reader *r, const json_t *ours, struct err *e)
{
	const json_t *os = json_object_get(ours, "os");
	static const char *const keys[] = { "codename", "id", "name", "version_id" };
	int error = set_layers(r, json_object_get(ours, "layers"), e);

	r->ours = true;
	error = error < 0 ? error : set_unreadable(r, json_object_get(ours, "unreadable"), e);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys) && error == 0; i++)
		if (json_string_or_null(os, keys[i]))
			error = json_put_string(r->os, keys[i], sbom_member(os, keys[i]), e);
	if (error == 0 && *sbom_member(ours, "arch"))
		error = json_put_string(r->subject, "arch", sbom_member(ours, "arch"), e);
	return error;
}

int sbom_set_subject(struct sbom_reader *r, const char *name, const char *digest,
		     const char *created, struct err *e)
{
	int64_t t = 0;
	char when[RFC3339_MAX];
	int error = json_put_string(r->subject, "name", name, e);

	(void)clock_parse_rfc3339(str_of(created), &t, NULL);
	clock_rfc3339(t, when);
	error = error < 0 ? error : json_put_string(r->subject, "digest", digest, e);
	return error < 0 ? error : json_put_string(r->subject, "created", when, e);
}
