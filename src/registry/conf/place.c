/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says of one name. */
#include <stdio.h>
#include <stdlib.h>

#include "registry/conf/registries.h"

/* How much of HOST/NAME a prefix stands for, whole components only; 0: it is none of it. */
static size_t match(const char *full, const char *prefix)
{
	size_t n = strlen(prefix), host = strcspn(full, "/");

	if (starts_with(prefix, "*.")) {
		const char *domain = prefix + 1, *port = memchr(full, ':', host);
		size_t name = port && !strchr(domain, ':') ? (size_t)(port - full) : host;

		n--;
		return name > n && strncmp(full + name - n, domain, n) == 0 ? name : 0;
	}
	if (strncmp(full, prefix, n) != 0)
		return 0;
	/* "HOST" is not of "HOST:5000": another port is another registry. */
	return full[n] == '\0' || full[n] == '/' ? n : 0;
}

static void put_full(char ret[static 520], const char *host, const char *name)
{
	(void)snprintf(ret, 520, "%s%s%s", host, *name ? "/" : "", name);
}

const struct conf_entry *registries_find(const struct registries *r, const char *host,
					 const char *name)
{
	const struct conf_entry *found = NULL;
	char full[520];

	put_full(full, host, name);
	for (size_t i = 0; i < r->n; i++)
		if (match(full, r->v[i].prefix) &&
		    (!found || strlen(r->v[i].prefix) > strlen(found->prefix)))
			found = &r->v[i];
	return found;
}

/* The name with a location in place of its prefix. */
static int put_place(const struct conf_entry *x, const struct ref *ref, const char *location,
		     struct place *ret, struct err *e)
{
	char full[520], moved[LIMIT_CONF_NAME + 520];
	struct ref to;

	put_full(full, ref->host, ref->name);
	(void)snprintf(moved, sizeof(moved), "%s%s", location, full + match(full, x->prefix));
	if (ref_parse(moved, &to, NULL) < 0 || !to.host[0])
		return FAIL(e, E_USAGE,
			    "registries.conf makes '%.200s' of '%.200s', which is no image's name",
			    moved, full);
	(void)snprintf(ret->host, sizeof(ret->host), "%s", to.host);
	(void)snprintf(ret->name, sizeof(ret->name), "%s", to.name);
	return 0;
}

static int blocked(const struct conf_entry *x, const char *host, const char *name, struct err *e)
{
	return FAIL(e, E_POLICY, "'%s%s%s' is blocked by registries.conf (prefix '%s')", host,
		    *name ? "/" : "", name, x->prefix);
}

static bool serves(const struct conf_mirror *m, const struct ref *ref)
{
	bool by_digest = ref->digest.s[0];

	return m->use == MIRROR_ALL || by_digest == (m->use == MIRROR_DIGEST_ONLY);
}

int registries_itself(const struct registries *r, const char *host, const char *name,
		      struct place *ret, struct err *e)
{
	const struct conf_entry *x = registries_find(r, host, name);

	if (x && x->blocked)
		return blocked(x, host, name, e);
	*ret = (struct place){ .insecure = x && x->insecure };
	(void)snprintf(ret->host, sizeof(ret->host), "%s", host);
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	return 0;
}

int registries_places(const struct registries *r, const struct ref *ref,
		      struct place ret[static LIMIT_PLACES], size_t *ret_n, struct err *e)
{
	const struct conf_entry *x = registries_find(r, ref->host, ref->name);
	size_t n = 0;
	int failed = registries_itself(r, ref->host, ref->name, &ret[0], e);

	for (size_t i = 0; x && failed == 0 && i < x->mirrors_n; i++) {
		const struct conf_mirror *m = &x->mirrors[i];

		if (!serves(m, ref))
			continue;
		ret[n] = (struct place){ .insecure = m->insecure, .mirror = true };
		failed = put_place(x, ref, m->location, &ret[n++], e);
	}
	if (failed == 0)
		failed = registries_itself(r, ref->host, ref->name, &ret[n], e);
	if (failed == 0 && x && x->location)
		failed = put_place(x, ref, x->location, &ret[n], e);
	*ret_n = n + 1;
	return failed;
}

/* "docker.io/library/web, quay.io/web": what a short name may mean. */
static void put_choices(const struct registries *r, const char *name, struct buf *ret)
{
	for (size_t i = 0; i < r->search.n; i++) {
		char full[LIMIT_CONF_NAME + 300];
		auto_buf repository = BUF_INIT(sizeof(full));
		struct ref ref;

		(void)snprintf(full, sizeof(full), "%s/%s", r->search.v[i], name);
		if (ref_parse(full, &ref, NULL) < 0)
			continue;
		ref_repository(&ref, &repository);
		buf_printf(ret, "%s%s", ret->n ? ", " : "", buf_str(&repository));
	}
}

int registries_qualify(const struct registries *r, struct ref *ref, struct err *e)
{
	const char *alias = ref->host[0] ? NULL : json_string_or_null(r->aliases, ref->name);
	auto_buf choices = BUF_INIT(320);
	struct ref to;
	int failed;

	if (ref->host[0])
		return 0;
	if (alias && *alias) {
		failed = ref_parse(alias, &to, e);
		if (failed < 0)
			return failed;
		memcpy(ref->host, to.host, sizeof(to.host));
		memcpy(ref->name, to.name, sizeof(to.name));
		return 0;
	}
	put_choices(r, ref->name, &choices);
	failed = FAIL(e, E_USAGE, "'%s' names no registry, and which one it is of is not guessed",
		      ref->name);
	if (choices.n)
		return err_hint(e, failed, "write one of: %s", buf_str(&choices));
	return err_hint(e, failed,
			"write HOST[:PORT]/%s, or an alias into registries.conf: [aliases] "
			"\"%s\" = \"HOST/%s\"",
			ref->name, ref->name, ref->name);
}
