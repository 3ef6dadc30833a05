/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A state folder of a test's own, and an image in it. */
#include <fcntl.h>
#include <stdlib.h>

#include "trust/internal.h"

struct temp {
	struct state state;
	struct store *store;
	struct desc image; /* a manifest with no layers */
	struct ref ref;	   /* "127.0.0.1:5000/web:1" */
	char path[64];
};

static void temp_open(struct temp *t)
{
	static const char config[] =
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":"
		"\"layers\",\"diff_ids\":[]}}";
	struct err e = ERR_INIT;
	struct desc c;
	auto_buf m = BUF_INIT(4096);

	(void)snprintf(t->path, sizeof(t->path), "/tmp/plimsoll-trust-XXXXXX");
	if (!mkdtemp(t->path) || state_open(&t->state, t->path, &e) < 0 ||
	    store_open(&t->store, &t->state, &e) < 0 ||
	    store_blob_put(t->store, MT_OCI_CONFIG, config, strlen(config), &c, &e) < 0)
		abort();
	buf_printf(&m,
		   "{\"schemaVersion\":2,\"mediaType\":\"" MT_OCI_MANIFEST
		   "\",\"config\":{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu},"
		   "\"layers\":[]}",
		   c.media_type, c.digest.s, (unsigned long long)c.size);
	if (store_blob_put(t->store, MT_OCI_MANIFEST, m.p, m.n, &t->image, &e) < 0 ||
	    ref_parse("127.0.0.1:5000/web:1", &t->ref, &e) < 0 ||
	    store_tag(t->store, "127.0.0.1:5000/web:1", &t->image, &e) < 0)
		abort();
}

static void temp_close(struct temp *t)
{
	auto_close int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	store_close(t->store);
	state_close(&t->state);
	(void)fs_remove_tree(tmp, t->path + strlen("/tmp/"), NULL);
}
#define auto_temp __attribute__((cleanup(temp_close))) struct temp
