/* SPDX-License-Identifier: Apache-2.0 */
#include "build/draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "oci/image.h"

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* Takes over config and history, also when it fails; NULL is out of memory. */
static int start(struct draft *d, json_t *config, json_t *history, struct err *e)
{
	*d = (struct draft){ .config = config, .history = history, .settled = true };
	if (!config || !history) {
		draft_free(d);
		return FAIL_NOMEM(e);
	}
	d->inherited = json_array_size(history);
	return 0;
}

int draft_scratch(struct draft *ret, struct err *e)
{
	struct draft d;
	int r = start(&d, json_object(), json_array(), e);

	if (r == 0)
		r = json_put_string(d.config, "WorkingDir", "/", e);
	if (r == 0)
		r = vars_set(&d.env, "PATH", default_path, e);
	if (r < 0) {
		draft_free(&d);
		return r;
	}
	*ret = d;
	return 0;
}

/* Moves "Env" of the configuration to d->env. */
static int read_env(struct draft *d, struct err *e)
{
	json_t *env = json_object_get(d->config, "Env"), *v;
	size_t i;

	json_array_foreach(env, i, v)
	{
		const char *s = json_string_value(v), *eq = s ? strchr(s, '=') : NULL;
		auto_free char *name = eq ? strndup(s, (size_t)(eq - s)) : NULL;
		int r;

		if (!name)
			return FAIL(e, E_FORMAT,
				    "image configuration: 'Env' entry %zu is not "
				    "NAME=VALUE",
				    i);
		r = vars_set(&d->env, name, eq + 1, e);
		if (r < 0)
			return r;
	}
	(void)json_object_del(d->config, "Env");
	return 0;
}

/* docker's layers are the same bytes under another name; what we write is OCI throughout. */
static void as_oci(struct desc *layer)
{
	if (strcmp(layer->media_type, MT_DOCKER_LAYER) == 0)
		(void)snprintf(layer->media_type, sizeof(layer->media_type), "%s",
			       MT_OCI_LAYER_GZIP);
}

static int read_image(struct draft *d, const struct manifest *m, const struct config *c,
		      struct err *e)
{
	const char *created = json_string_or_null(c->json, "created");
	json_t *config = c->exec ? json_deep_copy(c->exec) : json_object();
	json_t *history = c->history ? json_deep_copy(c->history) : json_array();
	int r = start(d, config, history, e);

	if (r < 0)
		return r;
	if (m->layers_n != c->diff_ids_n)
		return FAIL(e, E_FORMAT, "image has %zu layers but %zu diff IDs", m->layers_n,
			    c->diff_ids_n);
	for (size_t i = 0; r == 0 && i < m->layers_n; i++) {
		r = draft_add_layer(d, &m->layers[i], &c->diff_ids[i], e);
		if (r == 0)
			as_oci(&d->layers[i]);
	}
	if (r == 0 && created)
		(void)clock_parse_rfc3339(str_of(created), &d->epoch, NULL);
	return r < 0 ? r : read_env(d, e);
}

int draft_from_image(const struct store *s, const struct desc *image, struct draft *ret,
		     struct err *e)
{
	auto_manifest m = { 0 };
	auto_config c = { 0 };
	struct draft d = { 0 };
	int r = store_manifest(s, image, &m, NULL, e);

	if (r == 0)
		r = store_config(s, &m, &c, e);
	if (r == 0 && strcmp(c.architecture, oci_architecture()) != 0)
		r = FAIL(e, E_FORMAT, "the image is for %s, this machine is %s", c.architecture,
			 oci_architecture());
	if (r == 0)
		r = read_image(&d, &m, &c, e);
	if (r < 0) {
		draft_free(&d);
		return r;
	}
	*ret = d;
	return 0;
}

int draft_from_draft(const struct draft *from, struct draft *ret, struct err *e)
{
	struct draft d = { 0 };
	json_t *config = json_deep_copy(from->config), *history = json_deep_copy(from->history);
	int r = start(&d, config, history, e);

	if (r < 0)
		return r;
	d.inherited = from->inherited;
	d.epoch = from->epoch;
	d.settled = from->settled;
	if (from->author && !(d.author = strdup(from->author)))
		r = FAIL_NOMEM(e);
	if (r == 0)
		r = vars_copy(&d.env, &from->env, e);
	for (size_t i = 0; r == 0 && i < from->n; i++)
		r = draft_add_layer(&d, &from->layers[i], &from->diff_ids[i], e);
	if (r < 0) {
		draft_free(&d);
		return r;
	}
	*ret = d;
	return 0;
}

void draft_free(struct draft *d)
{
	json_decref(d->config);
	json_decref(d->history);
	free(d->author);
	vars_free(&d->env);
	free(d->layers);
	free(d->diff_ids);
	memset(d, 0, sizeof(*d));
}

int draft_add_layer(struct draft *d, const struct desc *layer, const struct digest *diff_id,
		    struct err *e)
{
	struct desc *layers;
	struct digest *diff_ids;

	if (d->n == LIMIT_LAYERS)
		return FAIL(e, E_FORMAT, "more than %d layers", LIMIT_LAYERS);
	layers = reallocarray(d->layers, d->n + 1, sizeof(*layers));
	if (!layers)
		return FAIL_NOMEM(e);
	d->layers = layers;
	diff_ids = reallocarray(d->diff_ids, d->n + 1, sizeof(*diff_ids));
	if (!diff_ids)
		return FAIL_NOMEM(e);
	d->diff_ids = diff_ids;
	layers[d->n] = *layer;
	diff_ids[d->n++] = *diff_id;
	return 0;
}

int draft_add_history(struct draft *d, const char *created_by, bool empty_layer, struct err *e)
{
	json_t *h = json_object();
	int r;

	if (!h)
		return FAIL_NOMEM(e);
	r = json_push(d->history, h, e);
	if (r == 0)
		r = json_put_string(h, "created_by", created_by, e);
	if (r == 0 && empty_layer)
		r = json_put(h, "empty_layer", json_true(), e);
	return r;
}

void draft_digest(const struct draft *d, struct digest *ret)
{
	auto_buf b = BUF_INIT(LIMIT_LAYERS * sizeof(struct digest));

	for (size_t i = 0; i < d->n; i++) {
		buf_puts(&b, d->diff_ids[i].s);
		buf_putc(&b, '\n');
	}
	digest_of(buf_str(&b), b.n, ret);
}

static json_t *env_json(const struct vars *env)
{
	json_t *a = json_array();

	for (size_t i = 0; a && i < env->v.n; i++)
		if (json_array_append_new(a, json_string(env->v.v[i])) < 0) {
			json_decref(a);
			return NULL;
		}
	return a;
}

static int put_rootfs(json_t *doc, const struct draft *d, struct err *e)
{
	json_t *rootfs = json_object(), *ids = json_array();
	int r = json_put(doc, "rootfs", rootfs, e);

	if (r < 0) {
		json_decref(ids);
		return r;
	}
	r = json_put(rootfs, "diff_ids", ids, e);
	if (r == 0)
		r = json_put_string(rootfs, "type", "layers", e);
	for (size_t i = 0; r == 0 && i < d->n; i++)
		r = json_push(ids, json_string(d->diff_ids[i].s), e);
	return r;
}

static int put_history(json_t *doc, const struct draft *d, const char *time, struct err *e)
{
	json_t *history = json_deep_copy(d->history), *h;
	int r = json_put(doc, "history", history, e);
	size_t i;

	json_array_foreach(history, i, h)
	{
		if (r == 0 && i >= d->inherited)
			r = json_put_string(h, "created", time, e);
	}
	return r;
}

int draft_write(struct store *s, const struct draft *d, int64_t created, const json_t *annotations,
		struct desc *ret, struct digest *ret_config, struct err *e)
{
	auto_json *doc = json_object();
	json_t *config = json_deep_copy(d->config);
	char time[RFC3339_MAX];
	struct manifest m = { 0 };
	int r;

	clock_rfc3339(created, time);
	r = json_put(doc, "config", config, e);
	if (r == 0 && d->env.v.n)
		r = json_put(config, "Env", env_json(&d->env), e);
	if (r == 0)
		r = json_put_string(doc, "created", time, e);
	if (r == 0)
		r = json_put_string(doc, "author", d->author, e);
	if (r == 0)
		r = json_put_string(doc, "architecture", oci_architecture(), e);
	if (r == 0)
		r = json_put_string(doc, "os", "linux", e);
	if (r == 0)
		r = put_rootfs(doc, d, e);
	if (r == 0)
		r = put_history(doc, d, time, e);
	if (r == 0)
		r = image_write(s, doc, d->layers, d->n, annotations, ret, e);
	if (r == 0)
		r = store_manifest(s, ret, &m, NULL, e);
	if (r == 0) {
		*ret_config = m.config.digest;
		manifest_free(&m);
	}
	return r;
}
