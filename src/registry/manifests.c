/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests over the wire: small documents, checked whole. */
#include <sys/mman.h>

#include "registry/registry_internal.h"

enum { PUT_LOOKS = 3 };

#define ACCEPT MT_OCI_MANIFEST ", " MT_OCI_INDEX ", " MT_DOCKER_MANIFEST ", " MT_DOCKER_LIST

static void manifest_path(char ret[static LIMIT_PATH], const char *name, const char *reference)
{
	(void)snprintf(ret, LIMIT_PATH, "/v2/%s/manifests/%s", name, reference);
}

/* The document's type: what the registry calls it and, when it says so, what it calls itself. */
static int check_type(const struct fetch_response *resp, char ret[static LIMIT_MEDIA_TYPE + 1],
		      struct err *e)
{
	static const char *const types[] = { MT_OCI_MANIFEST, MT_OCI_INDEX, MT_DOCKER_MANIFEST,
					     MT_DOCKER_LIST };
	const char *said = http_headers_get(&resp->head.headers, "content-type"), *own;
	bool silent = !said || http_type_is(said, "application/json") ||
		      http_type_is(said, "application/octet-stream");
	const char *type = NULL;
	auto_json *j = NULL;

	/* A server of files does not know what it serves: the document may say it. */
	if (silent && json_parse(buf_str(&resp->body), resp->body.n, "manifest", &j, NULL) == 0)
		said = json_string_or_null(j, "mediaType");
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (http_type_is(said, types[i]))
			type = types[i];
	if (!type)
		return err_hint(e,
				FAIL(e, E_REMOTE, "answered with '%.100s', not an image manifest",
				     said ? said : "no content type"),
				"is this a registry, and the name an image?");
	if (!j && json_parse(buf_str(&resp->body), resp->body.n, "manifest", &j, e) < 0)
		return WRAP(e, blame_registry(e), "answered with nonsense");
	own = json_string_or_null(j, "mediaType");
	if (own && strcmp(own, type) != 0)
		return FAIL(e, E_REMOTE, "answered with type '%s', the document says '%.100s'",
			    type, own);
	(void)snprintf(ret, LIMIT_MEDIA_TYPE + 1, "%s", type);
	return 0;
}

/* The registry's own idea of the digest must fit, though it is never relied on. */
static int check_said(const struct fetch_response *resp, const struct digest *got, struct err *e)
{
	const char *said = http_headers_get(&resp->head.headers, "docker-content-digest");

	/* By another algorithm it may be the same. */
	if (said && strcmp(said, got->s) != 0 && !starts_with(said, "sha512:"))
		return FAIL(e, E_VERIFY, "the registry calls it %.100s, its bytes hash to %s", said,
			    got->s);
	return 0;
}

static int check_manifest(const struct fetch_response *resp, const struct desc *want,
			  struct desc *ret, struct err *e)
{
	struct desc d;
	char type[LIMIT_MEDIA_TYPE + 1];
	int r = check_type(resp, type, e);

	if (r < 0)
		return r;
	desc_of(type, buf_str(&resp->body), resp->body.n, &d);
	if (want && !digest_eq(&want->digest, &d.digest))
		return FAIL(e, E_VERIFY, "manifest %s: its bytes hash to %s", want->digest.s,
			    d.digest.s);
	r = check_said(resp, &d.digest, e);
	if (r < 0)
		return r;
	if (want && want->media_type[0] &&
	    (want->size != d.size || strcmp(want->media_type, d.media_type) != 0))
		return FAIL(e, E_VERIFY,
			    "manifest %s: %llu bytes of %s, its descriptor says %llu of %s",
			    d.digest.s, (unsigned long long)d.size, d.media_type,
			    (unsigned long long)want->size, want->media_type);
	*ret = d;
	return 0;
}

int registry_get_manifest(struct registry *reg, const char *name, const char *reference,
			  const struct desc *want, struct buf *bytes, struct desc *ret,
			  struct err *e)
{
	char path[LIMIT_PATH];
	const struct call c = { .method = HTTP_GET,
				.name = name,
				.path = path,
				.headers = { { "accept", ACCEPT } },
				.max_body = LIMIT_MANIFEST,
				.follow = true,
				.decode = true };
	auto_response resp = { 0 };
	struct desc d, named = { .size = 0 };
	int r;

	/* Who asks by digest is given nothing else, whether he says so again or not. */
	if (!want && digest_parse(str_of(reference), &named.digest, NULL) == 0)
		want = &named;
	manifest_path(path, name, reference);
	r = registry_call_again(reg, &c, &resp, e);
	if (r < 0)
		return r;
	if (resp.head.status != 200)
		return registry_status(reg, &c, &resp, e);
	r = check_manifest(&resp, want, &d, e);
	if (r < 0)
		return WRAP(e, r, "GET %s", path);
	buf_put(bytes, buf_str(&resp.body), resp.body.n);
	if (ret)
		*ret = d;
	return buf_check(bytes, "manifest", e);
}

/* Where HEAD is not allowed. */
static int can_get_manifest(struct registry *reg, const char *name, const struct digest *d,
			    bool *ret, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	const struct desc want = { .digest = *d };
	struct err own = ERR_INIT;
	int r = registry_get_manifest(reg, name, d->s, &want, &bytes, NULL, &own);

	if (r < 0 && r != E_NOTFOUND) {
		if (e)
			*e = own;
		return r;
	}
	*ret = r == 0;
	return 0;
}

int registry_has_manifest(struct registry *reg, const char *name, const struct digest *d, bool *ret,
			  struct err *e)
{
	char path[LIMIT_PATH];
	const struct call c = { .method = HTTP_HEAD,
				.name = name,
				.path = path,
				.headers = { { "accept", ACCEPT } },
				.follow = true };
	auto_response resp = { 0 };
	int r;

	manifest_path(path, name, d->s);
	r = registry_call_again(reg, &c, &resp, e);
	if (r < 0)
		return r;
	if (resp.head.status == 405 || resp.head.status == 501)
		return can_get_manifest(reg, name, d, ret, e);
	if (resp.head.status != 200 && resp.head.status != 404)
		return registry_status(reg, &c, &resp, e);
	*ret = resp.head.status == 200;
	return 0;
}

/* Bytes as a descriptor, which is how the helper takes a body. */
static int bytes_fd(const struct buf *bytes, struct err *e)
{
	auto_close int fd = memfd_create("plimsoll-body", MFD_CLOEXEC);
	int r = fd < 0 ? FAIL_SYS(e, "memfd") : fs_write_all(fd, bytes->p, bytes->n, e);

	return r < 0 ? r : TAKE_FD(fd);
}

int registry_put_if(struct registry *reg, const char *name, const char *reference,
		    const char *media_type, const struct buf *bytes, const struct digest *at,
		    struct fetch_response *ret, struct err *e)
{
	auto_close int body = bytes_fd(bytes, e);
	char path[LIMIT_PATH], quoted[sizeof(at->s) + 2];
	struct call c = { .method = HTTP_PUT,
			  .name = name,
			  .path = path,
			  .headers = { { "content-type", media_type } },
			  .has_body = true,
			  .body = body,
			  .body_n = bytes->n };

	if (body < 0)
		return body;
	manifest_path(path, name, reference);
	if (at) {
		(void)snprintf(quoted, sizeof(quoted), "\"%s\"", at->s);
		c.headers[1][0] = at->s[0] ? "if-match" : "if-none-match";
		c.headers[1][1] = at->s[0] ? quoted : "*";
	}
	return registry_call_again(reg, &c, ret, e);
}

/* What a reference names now, after the registry said something else than that it made it. */
static int look_after_put(struct registry *reg, const char *name, const char *reference,
			  const struct digest *put, struct err *e)
{
	for (unsigned n = 1;; n++) {
		auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
		struct err own = ERR_INIT;
		struct desc d;
		int r = registry_get_manifest(reg, name, reference, NULL, &bytes, &d, &own);

		if (r == 0 && digest_eq(&d.digest, put))
			return 0;
		if (n == PUT_LOOKS)
			return r == 0		 ? FAIL(e, E_REMOTE, "it is %s", d.digest.s)
			       : r != E_NOTFOUND ? FAIL(e, E_REMOTE, "%.300s", own.msg)
						 : FAIL(e, E_REMOTE, "it is not there");
		r = registry_pause(reg, n, NULL, e);
		if (r < 0)
			return r;
	}
}

int registry_put_done(struct registry *reg, const char *name, const char *reference,
		      const struct buf *bytes, const struct fetch_response *resp, struct err *e)
{
	char path[LIMIT_PATH];
	const struct call c = { .method = HTTP_PUT, .name = name, .path = path };
	unsigned status = resp->head.status;
	struct digest put;
	int r;

	manifest_path(path, name, reference);
	if (status != 201 && status != 200 && status != 202 && status != 204)
		return registry_status(reg, &c, resp, e);
	digest_of(bytes->p, bytes->n, &put);
	r = check_said(resp, &put, e);
	if (r < 0)
		return WRAP(e, r, "PUT %s", path);
	r = status == 201 ? 0 : look_after_put(reg, name, reference, &put, e);
	return r < 0 ? WRAP(e, r, "PUT %s: HTTP %u instead of 201", path, status) : 0;
}

int registry_put_manifest(struct registry *reg, const char *name, const char *reference,
			  const char *media_type, const struct buf *bytes, bool *ret_subject,
			  struct err *e)
{
	auto_response resp = { 0 };
	int r = registry_put_if(reg, name, reference, media_type, bytes, NULL, &resp, e);

	if (r == 0)
		r = registry_put_done(reg, name, reference, bytes, &resp, e);
	if (r == 0 && ret_subject)
		*ret_subject = http_headers_get(&resp.head.headers, "oci-subject") != NULL;
	return r;
}

int registry_put_unmoved(struct registry *reg, const char *name, const char *reference,
			 const char *media_type, const struct buf *bytes, const struct digest *at,
			 bool *ret_refused, struct err *e)
{
	auto_response resp = { 0 };
	int r = registry_put_if(reg, name, reference, media_type, bytes, at, &resp, e);

	if (r < 0)
		return r;
	*ret_refused = at && (resp.head.status == 412 || resp.head.status == 409);
	return *ret_refused ? 0 : registry_put_done(reg, name, reference, bytes, &resp, e);
}
