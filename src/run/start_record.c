/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "oci/layer.h"
#include "run/file.h"
#include "run/start.h"

void image_release(struct image *i)
{
	manifest_free(&i->manifest);
	config_free(&i->config);
	command_free(&i->command);
}

int start_image(const struct store *store, const struct desc *d, const struct run_opts *o,
		struct image *ret, struct err *e)
{
	int r = store_manifest(store, d, &ret->manifest, NULL, e);

	if (r == 0)
		r = store_config(store, &ret->manifest, &ret->config, e);
	if (r < 0)
		return r;
	if (strcmp(ret->config.os ?: "", "linux") != 0 ||
	    strcmp(ret->config.architecture ?: "", oci_architecture()) != 0)
		return FAIL(e, E_FORMAT, "image %s is for %s/%s, this machine is linux/%s",
			    d->digest.s, ret->config.os ?: "?", ret->config.architecture ?: "?",
			    oci_architecture());
	if (ret->config.diff_ids_n != ret->manifest.layers_n)
		return FAIL(e, E_FORMAT, "image %s: %zu layers but %zu diff ids", d->digest.s,
			    ret->manifest.layers_n, ret->config.diff_ids_n);
	return command_resolve(ret->config.exec, &o->command, &ret->command, e);
}

int start_unpack(const struct state *state, const struct store *store, const struct image *i,
		 struct progress *p, struct err *e)
{
	int r = 0;

	for (size_t n = 0; r == 0 && n < i->manifest.layers_n; n++)
		r = layer_unpack(state, store, &i->manifest.layers[n], &i->config.diff_ids[n], p,
				 e);
	return r;
}

static json_t *labels_json(const struct run_opts *o)
{
	json_t *j = json_object();

	for (size_t i = 0; j && o->labels && i < o->labels->n; i++) {
		struct str rest = str_of(o->labels->v[i]), key = { "", 0 };
		auto_free char *k = NULL;

		(void)str_cut(&rest, '=', &key);
		k = str_dup(key);
		if (k)
			(void)json_object_set_new(j, k, json_stringn(rest.p, rest.n));
	}
	return j;
}

/* The command as ps shows it. */
static char *command_text(const struct command_line *c)
{
	auto_buf b = BUF_INIT(4096);

	for (size_t i = 0; i < c->argv.n && b.n < 1024; i++)
		buf_printf(&b, "%s%s", i ? " " : "", c->argv.v[i]);
	return buf_take(&b) ?: strdup("?");
}

/* The names of its volumes: as long as it is there, nobody removes them. */
static int volumes_json(const struct state *state, const struct run_opts *o, json_t **ret,
			struct err *e)
{
	auto_free struct volumes *v = calloc(1, sizeof(*v));
	auto_json *list = json_array();
	int r = v && list ? volumes_parse(state, o, v, e) : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < v->n; i++)
		if (v->v[i].kind == VOLUME_NAMED)
			r = json_push(list, json_string(v->v[i].source), e);
	if (v)
		volumes_free(v);
	if (r == 0)
		*ret = TAKE(list);
	return r;
}

static int copy_ports(const struct run_opts *o, struct container *c, struct err *e)
{
	if (!o->ports || o->ports->n == 0)
		return 0;
	if (!c->ports)
		c->ports = malloc(sizeof(*c->ports));
	if (!c->ports)
		return FAIL_NOMEM(e);
	*c->ports = *o->ports;
	return 0;
}

static int describe(const struct state *state, const struct desc *d, const struct run_opts *o,
		    const struct command_line *command, const struct runtime *rt,
		    struct container *c, struct err *e)
{
	int r;

	if (o->name && snprintf(c->name, sizeof(c->name), "%s", o->name) >= (int)sizeof(c->name))
		return FAIL(e, E_USAGE, "container name is longer than %d", LIMIT_NAME);
	c->auto_remove = o->auto_remove;
	c->detached = o->detach;
	c->clean = o->create_only; /* nothing of it is to be ended */
	c->stop_signal = o->stop_signal ?: command->stop_signal;
	c->stop_timeout = o->stop_timeout;
	c->runtime = strdup(rt->path);
	c->image = o->image ? strdup(o->image) : NULL;
	c->digest = strdup(d->digest.s);
	c->command = command_text(command);
	c->labels = labels_json(o);
	r = copy_ports(o, c, e);
	return r < 0 ? r : volumes_json(state, o, &c->volumes, e);
}

/* What was asked for, so that it can be started again. */
static int keep_asked(const struct container *c, const struct run_opts *o, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_STATE_JSON);
	int r = o->asked ? json_pretty(o->asked, &text, e) : 0;

	if (r == 0 && o->asked)
		r = file_put(c->fd, "run.json", buf_str(&text), text.n, e);
	return r;
}

int start_record(const struct state *state, const struct desc *d, const struct run_opts *o,
		 const struct command_line *command, const struct runtime *rt, struct container *c,
		 struct err *e)
{
	int r;

	if (o->again) {
		(void)snprintf(c->id, sizeof(c->id), "%s", o->again);
		r = container_again(state, c, o->restarting, e);
		if (r < 0)
			return r;
		if (strcmp(c->digest ?: "", d->digest.s) != 0) {
			c->clean = true;
			(void)container_save(c, NULL);
			return FAIL(e, E_VERIFY, "container '%s' is of image %s, not %s", c->name,
				    c->digest ?: "?", d->digest.s);
		}
		c->detached = o->detach;
		r = copy_ports(o, c, e);
		return r == 0 ? container_save(c, e) : r;
	}
	r = describe(state, d, o, command, rt, c, e);
	if (r == 0)
		r = container_create(state, c, e);
	if (r == 0 && o->share.host[SHARE_USER]) {
		c->id_base = 0;
		r = container_save(c, e);
	}
	return r == 0 ? keep_asked(c, o, e) : r;
}
