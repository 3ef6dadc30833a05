/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <unistd.h>

#include "sandbox/sandbox.h"
#include "scan/catalog/catalog.h"
#include "scan/sbom/internal.h"
#include "scan/scan.h"

void sbom_free(struct sbom *s)
{
	json_decref(s->list);
	*s = (struct sbom){ 0 };
}

static void reader_release(struct sbom_reader *r)
{
	json_decref(r->packages);
	json_decref(r->unreadable);
	json_decref(r->unmatched);
	json_decref(r->layers);
	json_decref(r->os);
	json_decref(r->subject);
	json_decref(r->systems);
}

/* By the member that each format begins with. */
static int dispatch(struct sbom_reader *r, const json_t *doc, struct err *e)
{
	const char *spdx = json_string_or_null(doc, "spdxVersion");
	const char *format = json_string_or_null(doc, "bomFormat");

	if (spdx && starts_with(spdx, "SPDX-2."))
		return sbom_spdx(r, doc, e);
	if (format && strcmp(format, "CycloneDX") == 0)
		return sbom_cyclonedx(r, doc, e);
	if (json_is_array(json_object_get(doc, "artifacts")))
		return sbom_syft(r, doc, e);
	if (spdx || json_object_get(doc, "@context"))
		return FAIL(e, E_FORMAT, "SPDX of another version than 2");
	return FAIL(e, E_FORMAT, "neither SPDX 2, CycloneDX nor Syft's own JSON");
}

static int build(struct sbom_reader *r, json_t **ret, struct err *e)
{
	auto_buf ecosystem = BUF_INIT(8 * LIMIT_SBOM_FIELD);
	auto_json *list = NULL;
	int error = sbom_settle_systems(r, e);

	if (error < 0)
		return error;
	os_ecosystem(r->os, &ecosystem);
	list = json_pack("{ss ss sO sO sO sO}", "schema", SCAN_LIST_SCHEMA, "ecosystem",
			 buf_str(&ecosystem), "os", r->os, "layers", r->layers, "packages",
			 r->packages, "unreadable", r->unreadable);
	if (list && json_object_size(r->unmatched) &&
	    json_object_set(list, "unmatched", r->unmatched) < 0)
		return FAIL_NOMEM(e);
	*ret = json_pack("{sO* sO}", "list", list, "subject", r->subject);
	return list && *ret ? 0 : FAIL_NOMEM(e);
}

int sbom_parse(struct str text, json_t **ret, struct err *e)
{
	__attribute__((cleanup(reader_release))) struct sbom_reader reader = {
		.packages = json_array(),
		.unreadable = json_array(),
		.unmatched = json_object(),
		.layers = json_array(),
		.os = json_object(),
		.subject = json_object(),
		.systems = json_object(),
	};
	auto_json *doc = NULL;
	int r;

	if (!reader.packages || !reader.unreadable || !reader.unmatched || !reader.layers ||
	    !reader.os || !reader.subject || !reader.systems)
		return FAIL_NOMEM(e);
	r = sbom_load(text, &doc, e);
	r = r < 0 ? r : dispatch(&reader, doc, e);
	return r < 0 ? r : build(&reader, ret, e);
}

static int parse_fd(void *arg, struct buf *emit, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_SBOM_BYTES);
	auto_json *doc = NULL;
	int r = fs_read_fd(*(const int *)arg, "SBOM", LIMIT_SBOM_BYTES, &text, e);

	r = r < 0 ? r : sbom_parse((struct str){ buf_str(&text), text.n }, &doc, e);
	/* Members stay in their order, which is that of an image's list. */
	return r < 0 ? r : json_pretty(doc, emit, e);
}

static void get_subject(const json_t *j, struct subject *ret)
{
	struct digest d;

	*ret = (struct subject){ .name = "" };
	(void)snprintf(ret->name, sizeof(ret->name), "%s", sbom_member(j, "name"));
	(void)snprintf(ret->arch, sizeof(ret->arch), "%s", sbom_member(j, "arch"));
	(void)snprintf(ret->created, sizeof(ret->created), "%s", sbom_member(j, "created"));
	if (digest_parse(str_of(sbom_member(j, "digest")), &d, NULL) == 0)
		(void)snprintf(ret->digest, sizeof(ret->digest), "%s", d.s);
	/* What was cut within a character is no text any more. */
	for (char *s = ret->name; *s && !str_utf8(str_of(ret->name));)
		ret->name[strlen(ret->name) - 1] = '\0';
}

int sbom_read(const char *path, struct sbom *ret, struct err *e)
{
	auto_buf out = BUF_INIT(4 * (size_t)LIMIT_SBOM_BYTES);
	auto_json *doc = NULL;
	auto_close int fd = strcmp(path, "-") == 0
				    ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				    : fs_open_user(path, O_RDONLY | O_NONBLOCK, 0, e);
	struct sandbox s = { .what = "read SBOM",
			     .keep = &fd,
			     .keep_n = 1,
			     .write_dir = -1,
			     .memory_max = (size_t)3 * 1024 * 1024 * 1024 };
	json_t *list;
	int r;

	if (fd < 0)
		return strcmp(path, "-") == 0 ? FAIL_SYS(e, "standard input") : fd;
	json_object_seed(0); /* reads /dev/urandom, which the child may not */
	r = sandbox_run(&s, parse_fd, &fd, &out, e);
	if (r < 0)
		return WRAP(e, r, "%s", path);
	r = json_parse(out.p, out.n, "SBOM", &doc, e);
	r = r < 0 ? r : json_get_object(doc, "list", &list, "SBOM", e);
	if (r < 0)
		return r;
	get_subject(json_object_get(doc, "subject"), &ret->subject);
	ret->list = json_incref(list);
	return 0;
}
