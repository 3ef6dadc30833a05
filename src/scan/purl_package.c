/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>

#include "scan/purl.h"

/* The purl of a package of our list, by the definitions of the types (purl-spec, types/). */

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_or_null(o, key);

	return s ? s : "";
}

/* What purls call a distribution that os-release names otherwise. */
static const char *vendor(const char *id)
{
	static const char *const names[][2] = {
		{ "rhel", "redhat" },
		{ "opensuse-leap", "opensuse" },
		{ "opensuse-tumbleweed", "opensuse" },
		{ "sles", "suse" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(id, names[i][0]) == 0)
			return names[i][1];
	return id;
}

/* Space for the parts that are composed. */
struct parts {
	struct buf distro, upstream, epoch, name;
};

static void parts_release(struct parts *p)
{
	buf_free(&p->distro);
	buf_free(&p->upstream);
	buf_free(&p->epoch);
	buf_free(&p->name);
}

/* "3:1.2-3" is version 1.2-3 with an epoch of its own in purls of rpm. */
static const char *split_epoch(const char *version, struct buf *epoch)
{
	size_t n = strspn(version, "0123456789");

	if (!n || version[n] != ':')
		return version;
	buf_put(epoch, version, n);
	return version + n + 1;
}

/* The source package where it differs, "name@version" or "name"; of rpm, the file it was. */
static void put_upstream(const json_t *package, bool rpm, struct buf *ret)
{
	const char *source = text(package, "source"), *version = text(package, "source_version");
	auto_buf epoch = BUF_INIT(64);

	if (!*source)
		return;
	if (rpm) {
		buf_printf(ret, "%s-%s.src.rpm", source, split_epoch(version, &epoch));
		return;
	}
	if (*version && strcmp(version, text(package, "version")) != 0)
		buf_printf(ret, "%s@%s", source, version);
	else if (strcmp(source, text(package, "name")) != 0)
		buf_puts(ret, source);
}

static void of_distribution(const json_t *list, const json_t *package, const char *type,
			    struct parts *parts, struct purl *p)
{
	const json_t *os = json_object_get(list, "os");
	const char *id = text(os, "id"), *version_id = text(os, "version_id");
	bool rpm = strcmp(type, "rpm") == 0;

	if (!*version_id)
		version_id = text(os, "codename");
	if (*id)
		buf_printf(&parts->distro, "%s%s%s", id, *version_id ? "-" : "", version_id);
	put_upstream(package, rpm, &parts->upstream);
	p->type = type;
	p->namespace = *id ? vendor(id) : "";
	p->name = text(package, "name");
	p->version = text(package, "version");
	if (rpm)
		p->version = split_epoch(p->version, &parts->epoch);
	purl_qualify(p, "arch", text(package, "arch"));
	purl_qualify(p, "distro", buf_str(&parts->distro));
	purl_qualify(p, "epoch", buf_str(&parts->epoch));
	purl_qualify(p, "rpmmod", text(package, "module"));
	purl_qualify(p, "upstream", buf_str(&parts->upstream));
}

/* "github.com/BurntSushi/toml" is name toml in namespace github.com/burntsushi. */
static void of_go(const json_t *package, struct parts *parts, struct purl *p)
{
	char *slash;

	for (const char *s = text(package, "name"); *s; s++)
		buf_putc(&parts->name, (char)tolower((unsigned char)*s));
	p->type = "golang";
	p->name = buf_str(&parts->name);
	p->version = text(package, "version");
	slash = parts->name.n ? strrchr(parts->name.p, '/') : NULL;
	if (slash && slash[1]) {
		*slash = '\0';
		p->namespace = parts->name.p;
		p->name = slash + 1;
	}
}

int purl_of_package(const json_t *list, const json_t *package, struct buf *ret, struct err *e)
{
	static const char *const types[][2] = {
		{ "dpkg", "deb" }, { "apk", "apk" }, { "rpm", "rpm" }, { "pacman", "alpm" }
	};
	__attribute__((cleanup(parts_release))) struct parts parts = {
		BUF_INIT(LIMIT_PURL), BUF_INIT(LIMIT_PURL), BUF_INIT(64), BUF_INIT(LIMIT_PURL)
	};
	const char *catalog = text(package, "catalog"), *type = NULL;
	struct purl p = { .namespace = "" };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(catalog, types[i][0]) == 0)
			type = types[i][1];
	if (type) {
		of_distribution(list, package, type, &parts, &p);
	} else if (strcmp(catalog, "go") == 0) {
		of_go(package, &parts, &p);
	} else {
		p.type = "generic";
		p.name = text(package, "name");
		p.version = text(package, "version");
	}
	purl_put(&p, ret);
	return buf_check(ret, "a purl", e);
}
