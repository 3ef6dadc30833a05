/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/output/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline/fields.h"
#include "pipeline/output/internal.h"
#include "pipeline/steps.h"

static const struct {
	const char *name;
	enum output_type type;
} types[] = {
	{ "image", OUTPUT_IMAGE },   { "registry", OUTPUT_IMAGE }, { "oci", OUTPUT_OCI },
	{ "docker", OUTPUT_DOCKER }, { "tar", OUTPUT_TAR },	   { "local", OUTPUT_LOCAL }
};

/* Fields of each type. */
static const char *const image_fields[] = {
	"type", "name", "push", "push-by-digest", "compression", "oci-mediatypes", NULL
};
static const char *const archive_fields[] = { "type",	     "name",	       "dest", "tar",
					      "compression", "oci-mediatypes", NULL };
static const char *const plain_fields[] = { "type", "dest", NULL };

const char *output_type_name(enum output_type t)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (types[i].type == t)
			return types[i].name;
	return "";
}

static int find_type(const char *name, enum output_type *ret, struct err *e)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(types[i].name, name) == 0) {
			*ret = types[i].type;
			return 0;
		}
	return FAIL(e, E_USAGE,
		    "the type is oci, docker, tar, local, image or registry, not '%.40s'", name);
}

static int read_names(const char *text, struct strv *ret, struct err *e)
{
	struct str rest = str_of(text), name;
	int r = 0;

	while (r == 0 && str_cut(&rest, ',', &name))
		r = strv_addf(ret, e, "%.*s", (int)name.n, name.p);
	return r;
}

/* Layers are gzip and media types OCI's: to ask for that is fine, to ask for others is refused. */
static int check_form(const struct fields *f, struct err *e)
{
	const char *compression = fields_get(f, "compression");
	bool oci = true;
	int r = fields_bool(f, "oci-mediatypes", &oci, e);

	if (r == 0 && !oci)
		r = FAIL(e, E_USAGE, "images have OCI media types here, oci-mediatypes is true");
	if (r == 0 && compression && strcmp(compression, "gzip") != 0)
		r = FAIL(e, E_USAGE, "layers are compressed by gzip, not by '%.40s'", compression);
	return r;
}

static int read_dest(const struct fields *f, struct output *o, struct err *e)
{
	const char *dest = fields_get(f, "dest");

	if (dest && !*dest)
		return FAIL(e, E_USAGE, "dest is empty");
	if (!dest && (o->type == OUTPUT_LOCAL || o->folder))
		return FAIL(e, E_USAGE, "a folder needs dest=PATH");
	if (dest && strcmp(dest, "-") == 0 && (o->type == OUTPUT_LOCAL || o->folder))
		return FAIL(e, E_USAGE, "a folder cannot be written to standard output");
	/* Docker loads such an archive itself; what it would load it into is our store. */
	if (!dest && o->type == OUTPUT_DOCKER) {
		o->type = OUTPUT_IMAGE;
		return 0;
	}
	o->dest = strdup(dest ? dest : "-");
	return o->dest ? 0 : FAIL_NOMEM(e);
}

static int read_output(const struct fields *f, struct output *o, struct err *e)
{
	const char *type = fields_get(f, "type"), *names = fields_get(f, "name");
	bool archive = true;
	int r;

	if (!type)
		return FAIL(e, E_USAGE, "type= is missing");
	r = find_type(type, &o->type, e);
	if (r == 0)
		r = fields_known(f,
				 o->type == OUTPUT_IMAGE ? image_fields
				 : o->type == OUTPUT_OCI || o->type == OUTPUT_DOCKER
					 ? archive_fields
					 : plain_fields,
				 e);
	if (r == 0)
		r = check_form(f, e);
	if (r == 0 && names)
		r = read_names(names, &o->names, e);
	o->push = strcmp(type, "registry") == 0;
	if (r == 0)
		r = fields_bool(f, "push", &o->push, e);
	if (r == 0)
		r = fields_bool(f, "push-by-digest", &o->by_digest, e);
	if (r == 0)
		r = fields_bool(f, "tar", &archive, e);
	o->folder = !archive;
	return r < 0 || o->type == OUTPUT_IMAGE ? r : read_dest(f, o, e);
}

/* A path alone, as `docker build -o` takes it. */
static int read_path(const char *text, struct output *o, struct err *e)
{
	o->type = strcmp(text, "-") == 0 ? OUTPUT_TAR : OUTPUT_LOCAL;
	o->dest = strdup(text);
	return o->dest ? 0 : FAIL_NOMEM(e);
}

int output_parse(const char *text, struct output *ret, struct err *e)
{
	auto_output o = { .dest = NULL };
	auto_fields f = { 0 };
	int r = 0;

	if (!*text)
		r = FAIL(e, E_USAGE, "it is empty");
	else if (!strpbrk(text, ",=\"") && !starts_with(text, "type="))
		r = read_path(text, &o, e);
	else if ((r = fields_parse(text, &f, e)) == 0)
		r = read_output(&f, &o, e);
	if (r < 0)
		return WRAP(e, r, "--output '%.200s'", text);
	*ret = o;
	o = (struct output){ .dest = NULL };
	return 0;
}

void output_free(struct output *o)
{
	free(o->dest);
	strv_free(&o->names);
	*o = (struct output){ .dest = NULL };
}

static const struct strv *names_of(const struct output *o, const struct strv *tags)
{
	return o->names.n ? &o->names : tags;
}

static int check_name(const struct output *o, const char *name, struct err *e)
{
	struct ref ref;
	int r = ref_parse(name, &ref, e);

	if (r == 0 && ref.digest.s[0])
		r = FAIL(e, E_USAGE, "'%.200s' has a digest", name);
	if (r < 0)
		return err_set(e, __FILE__, __LINE__, E_USAGE, 0,
			       "'%.200s' is no name for an image", name);
	if (o->push && !ref.host[0])
		return err_hint(e, FAIL(e, E_USAGE, "'%.200s' names no registry to push to", name),
				"-t HOST[:PORT]/%.200s", name);
	return 0;
}

static int check_dest(const struct output *o, struct err *e)
{
	struct stat st;
	bool there;

	if (!o->dest)
		return 0;
	if (strcmp(o->dest, "-") == 0)
		return isatty(STDOUT_FILENO)
			       ? err_hint(e,
					  FAIL(e, E_USAGE,
					       "an archive is not written to a terminal"),
					  "dest=FILE")
			       : 0;
	there = stat(o->dest, &st) == 0;
	if (!there && errno != ENOENT && errno != ENOTDIR)
		return FAIL_SYS(e, "'%.200s'", o->dest);
	if (o->folder || o->type == OUTPUT_LOCAL)
		return there && !S_ISDIR(st.st_mode)
			       ? FAIL(e, E_USAGE, "'%.200s' is not a folder", o->dest)
			       : 0;
	return there && S_ISDIR(st.st_mode) ? FAIL(e, E_USAGE, "'%.200s' is a folder", o->dest) : 0;
}

int output_check(const struct output *o, const struct strv *tags, struct err *e)
{
	const struct strv *names = names_of(o, tags);
	int r = check_dest(o, e);

	if (r == 0 && o->push && names->n == 0)
		r = err_hint(e, FAIL(e, E_USAGE, "nothing says where to push to"),
			     "-t HOST[:PORT]/NAME:TAG");
	for (size_t i = 0; r == 0 && i < names->n; i++)
		r = check_name(o, names->v[i], e);
	return r < 0 ? WRAP(e, r, "--output type=%s", output_type_name(o->type)) : 0;
}

/* Whether one of the n names before has brought it to this repository. */
static bool is_there(const struct strv *names, size_t n, const struct ref *ref)
{
	for (size_t i = 0; i < n; i++) {
		struct ref before;

		if (ref_parse(names->v[i], &before, NULL) == 0 &&
		    strcmp(before.host, ref->host) == 0 && strcmp(before.name, ref->name) == 0)
			return true;
	}
	return false;
}

/* Names it here, and at its registry. */
static int to_image(const struct road *road, const struct output *o, const struct strv *names,
		    struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->n; i++) {
		struct road own = *road;
		auto_buf name = BUF_INIT(LIMIT_REF);
		struct ref ref;

		r = ref_parse(names->v[i], &ref, e);
		if (r < 0)
			return r;
		own.name = names->v[i];
		ref_tagged(&ref, &name);
		r = store_tag(road->store, buf_str(&name), &road->image, e);
		if (o->by_digest)
			ref.tag[0] = '\0';
		if (r == 0 && o->push)
			r = step_push(&own, &ref,
				      &(struct push_opts){ .there = is_there(names, i, &ref) },
				      NULL, e);
	}
	return r;
}

static int put(const struct road *road, const struct output *o, const struct strv *names,
	       struct err *e)
{
	switch (o->type) {
	case OUTPUT_IMAGE: return to_image(road, o, names, e);
	case OUTPUT_OCI:
	case OUTPUT_DOCKER: return output_layout(road, o, names, e);
	case OUTPUT_TAR: return output_tar(road, o, e);
	case OUTPUT_LOCAL: return output_local(road, o, e);
	}
	return FAIL(e, E_INTERNAL, "output: type %d", (int)o->type);
}

int step_output(struct road *road, const struct output *o, const struct strv *tags, struct err *e)
{
	int r = put(road, o, names_of(o, tags), e);

	if (r < 0)
		r = WRAP(e, r, "output type=%s", output_type_name(o->type));
	if (o->type == OUTPUT_IMAGE) /* a push has noted itself */
		return r;
	return road_note(
		road, "output", r,
		json_pack("{s:s, s:s}", "type", output_type_name(o->type), "dest", o->dest), e);
}
