/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/csaf.h"

#include <ctype.h>

void csaf_tree_free(struct csaf_tree *t)
{
	json_decref(t->products);
	json_decref(t->relationships);
	*t = (struct csaf_tree){ 0 };
}

static int check_room(const struct csaf_tree *t, struct err *e)
{
	if (json_object_size(t->products) + json_object_size(t->relationships) >=
	    LIMIT_CSAF_PRODUCTS)
		return FAIL(e, E_FORMAT, "more than %d products", LIMIT_CSAF_PRODUCTS);
	return 0;
}

static int add_product(struct csaf_tree *t, const json_t *product, struct err *e)
{
	const json_t *helper = json_object_get(product, "product_identification_helper");
	const char *id = json_string_or_null(product, "product_id");
	int r = unit_check_string(id, "'product_id'", e);

	r = r < 0 ? r : check_room(t, e);
	if (r < 0)
		return r;
	return json_put(t->products, id,
			json_pack("{ss* ss* ss*}", "cpe", json_string_or_null(helper, "cpe"),
				  "purl", json_string_or_null(helper, "purl"), "name",
				  json_string_or_null(product, "name")),
			e);
}

static int read_branches(struct csaf_tree *t, const json_t *list, int depth, struct err *e)
{
	size_t i;
	json_t *branch;

	if (depth > LIMIT_CSAF_DEPTH)
		return FAIL(e, E_FORMAT, "branches deeper than %d", LIMIT_CSAF_DEPTH);
	json_array_foreach(list, i, branch)
	{
		const json_t *product = json_object_get(branch, "product");
		int r = product ? add_product(t, product, e) : 0;

		r = r < 0 ? r : read_branches(t, json_object_get(branch, "branches"), depth + 1, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_relationship(struct csaf_tree *t, const json_t *rel, struct err *e)
{
	const char *id =
		json_string_or_null(json_object_get(rel, "full_product_name"), "product_id");
	const char *component = json_string_or_null(rel, "product_reference");
	const char *of = json_string_or_null(rel, "relates_to_product_reference");
	int r = unit_check_string(id, "a relationship's 'product_id'", e);

	r = r < 0 ? r : unit_check_string(component, "'product_reference'", e);
	r = r < 0 ? r : unit_check_string(of, "'relates_to_product_reference'", e);
	r = r < 0 ? r : check_room(t, e);
	return r < 0 ? r : json_put(t->relationships, id, json_pack("[ss]", component, of), e);
}

int csaf_tree_read(const json_t *doc, struct csaf_tree *ret, struct err *e)
{
	__attribute__((cleanup(csaf_tree_release))) struct csaf_tree t = { json_object(),
									   json_object() };
	const json_t *tree = json_object_get(doc, "product_tree");
	size_t i;
	json_t *v;
	int r;

	if (!t.products || !t.relationships)
		return FAIL_NOMEM(e);
	r = read_branches(&t, json_object_get(tree, "branches"), 0, e);
	json_array_foreach(json_object_get(tree, "full_product_names"), i, v) r =
		r < 0 ? r : add_product(&t, v, e);
	json_array_foreach(json_object_get(tree, "relationships"), i, v) r =
		r < 0 ? r : add_relationship(&t, v, e);
	if (r < 0)
		return WRAP(e, r, "product_tree");
	*ret = t;
	t = (struct csaf_tree){ 0 };
	return 0;
}

static bool copy(char *to, size_t cap, struct str s)
{
	if (!s.n || s.n >= cap)
		return false;
	memcpy(to, s.p, s.n);
	to[s.n] = '\0';
	return true;
}

/*
 * "cpe:/a:redhat:enterprise_linux:9::appstream": Red Hat's channels of one release are one
 * ecosystem. Extended support (rhel_eus:9.2) has fixes of its own and is another.
 */
static bool cpe_ecosystem(struct str cpe, char *ret, size_t cap)
{
	struct str scheme, part, vendor, product = STR(""), version = STR("");

	if (!str_cut(&cpe, ':', &scheme) || !str_eqz(scheme, "cpe") || !str_cut(&cpe, ':', &part) ||
	    !str_cut(&cpe, ':', &vendor) || !str_eqz(vendor, "redhat"))
		return false;
	(void)str_cut(&cpe, ':', &product);
	(void)str_cut(&cpe, ':', &version);
	if (!version.n)
		return false;
	if (str_eqz(product, "enterprise_linux")) {
		const char *dot = memchr(version.p, '.', version.n);

		if (dot)
			version.n = (size_t)(dot - version.p);
	} else if (!str_starts(product, "rhel_")) {
		return false;
	}
	return snprintf(ret, cap, "Red Hat:%.*s:%.*s", (int)product.n, product.p, (int)version.n,
			version.p) < (int)cap;
}

/* OSV's names: "SUSE:Linux Enterprise Server 15 SP5", "openSUSE:Leap 15.5". */
static bool suse_ecosystem(const char *name, char *ret, size_t cap)
{
	static const char *const vendors[] = { "openSUSE", "SUSE" };

	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(vendors[i]);

		if (strncmp(name, vendors[i], n) == 0 && name[n] == ' ' && name[n + 1])
			return snprintf(ret, cap, "%s:%s", vendors[i], name + n + 1) < (int)cap;
	}
	return false;
}

static bool platform_ecosystem(const struct csaf_tree *t, const char *platform, char *ret,
			       size_t cap)
{
	const json_t *product = json_object_get(t->products, platform);
	const char *cpe = json_string_or_null(product, "cpe");
	const char *name = json_string_or_null(product, "name");

	if (cpe && cpe_ecosystem(str_of(cpe), ret, cap))
		return true;
	return suse_ecosystem(name ? name : platform, ret, cap);
}

/* Undoes the %XX of a package URL; false when one is broken. */
static bool decode(struct str s, char *ret, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i], hex[3] = { 0 };

		if (c == '%') {
			if (i + 2 >= s.n || !isxdigit((unsigned char)s.p[i + 1]) ||
			    !isxdigit((unsigned char)s.p[i + 2]))
				return false;
			memcpy(hex, s.p + i + 1, 2);
			c = (char)strtoul(hex, NULL, 16);
			i += 2;
		}
		if (!c || n + 1 >= cap)
			return false;
		ret[n++] = c;
	}
	ret[n] = '\0';
	return n > 0;
}

struct purl {
	char type[16], name[256], version[256], arch[32], epoch[16], module[256];
};

static bool read_qualifiers(struct str rest, struct purl *ret)
{
	struct str pair, key;

	while (str_cut(&rest, '&', &pair)) {
		(void)str_cut(&pair, '=', &key);
		if (str_eqz(key, "arch") && !decode(pair, ret->arch, sizeof(ret->arch)))
			return false;
		if (str_eqz(key, "epoch") && !decode(pair, ret->epoch, sizeof(ret->epoch)))
			return false;
		if (str_eqz(key, "rpmmod") && !decode(pair, ret->module, sizeof(ret->module)))
			return false;
	}
	return true;
}

/* "pkg:rpm/redhat/openssl@3.0.7-27.el9?arch=src&epoch=1" (package-url specification). */
static bool read_purl(struct str s, struct purl *ret)
{
	struct str path, qualifiers = STR(""), version = STR(""), type;
	const char *at;

	*ret = (struct purl){ .type = "" };
	if (!str_starts(s, "pkg:"))
		return false;
	s.p += 4;
	s.n -= 4;
	(void)str_cut(&s, '?', &path);
	qualifiers = s;
	if (!str_cut(&path, '/', &type) || !copy(ret->type, sizeof(ret->type), type))
		return false;
	at = memrchr(path.p, '@', path.n);
	if (at) {
		version = (struct str){ at + 1, (size_t)(path.p + path.n - at - 1) };
		path.n = (size_t)(at - path.p);
	}
	at = memchr(path.p, '/', path.n); /* the namespace */
	if (at) {
		path.n -= (size_t)(at + 1 - path.p);
		path.p = at + 1;
	}
	return decode(path, ret->name, sizeof(ret->name)) &&
	       (!version.n || decode(version, ret->version, sizeof(ret->version))) &&
	       read_qualifiers(qualifiers, ret);
}

/* "nodejs:18:8090020231011:rhel8": the stream is what matters. Red Hat writes it so in ids. */
static bool put_name(const char *module, const char *name, struct csaf_package *ret)
{
	size_t stream = 0;

	if (!module || !*module)
		return snprintf(ret->name, sizeof(ret->name), "%s", name) < (int)sizeof(ret->name);
	stream = strcspn(module, ":");
	if (module[stream])
		stream += 1 + strcspn(module + stream + 1, ":");
	return snprintf(ret->name, sizeof(ret->name), "%.*s/%s", (int)stream, module, name) <
	       (int)sizeof(ret->name);
}

/* An architecture at the end of "name-version-release.arch"; ret_source when it is the source. */
static void cut_arch(struct str *s, bool *ret_source)
{
	static const char *const arches[] = { ".x86_64", ".aarch64", ".ppc64le",
					      ".s390x",	 ".noarch",  ".i686",
					      ".i586",	 ".src",     ".nosrc" };

	for (size_t i = 0; i < sizeof(arches) / sizeof(*arches); i++)
		if (str_ends(*s, arches[i])) {
			s->n -= strlen(arches[i]);
			*ret_source = ends_with(arches[i], "src");
			return;
		}
}

/* "openssl-3-3.0.8-150500.5.17.1.x86_64", as SUSE names what has no package URL. */
static bool read_nevra(struct str s, struct csaf_package *ret)
{
	struct str name;
	const char *dash;

	cut_arch(&s, &ret->source);
	dash = memrchr(s.p, '-', s.n);
	if (!dash || dash == s.p)
		return false;
	dash = memrchr(s.p, '-', (size_t)(dash - s.p));
	if (!dash)
		return false;
	name = (struct str){ s.p, (size_t)(dash - s.p) };
	s = (struct str){ dash + 1, s.n - name.n - 1 };
	if (str_starts(s, "0:"))
		s = (struct str){ s.p + 2, s.n - 2 };
	return copy(ret->name, sizeof(ret->name), name) &&
	       copy(ret->version, sizeof(ret->version), s);
}

static bool from_purl(const char *purl, const char *module, bool versioned,
		      struct csaf_package *ret)
{
	struct purl p;

	if (!read_purl(str_of(purl), &p))
		return false;
	/* "pkg:rpmmod/redhat/nodejs:18/nodejs" is a package of a stream; without the second part
	 * it is the module itself. */
	if (strcmp(p.type, "rpmmod") == 0 && strchr(p.name, '/') && !versioned)
		return put_name(NULL, p.name, ret);
	if (strcmp(p.type, "rpm") != 0 || (versioned && !*p.version))
		return false;
	ret->source = strcmp(p.arch, "src") == 0 || strcmp(p.arch, "nosrc") == 0;
	if (versioned && snprintf(ret->version, sizeof(ret->version), "%s%s%s",
				  strcmp(p.epoch, "0") != 0 ? p.epoch : "",
				  *p.epoch && strcmp(p.epoch, "0") != 0 ? ":" : "",
				  p.version) >= (int)sizeof(ret->version))
		return false;
	return put_name(*p.module ? p.module : module, p.name, ret);
}

static const char *part(const json_t *pair, size_t i)
{
	return json_string_value(json_array_get(pair, i));
}

bool csaf_package(const struct csaf_tree *t, const char *id, bool versioned,
		  struct csaf_package *ret)
{
	const json_t *rel = json_object_get(t->relationships, id), *outer, *component;
	const char *module = NULL, *platform, *purl, *name;

	*ret = (struct csaf_package){ .source = false };
	if (!rel)
		return false;
	platform = part(rel, 1);
	outer = json_object_get(t->relationships, platform);
	if (outer) { /* of a module, which is of a release */
		module = part(outer, 0);
		platform = part(outer, 1);
	}
	if (!platform_ecosystem(t, platform, ret->ecosystem, sizeof(ret->ecosystem)))
		return false;
	component = json_object_get(t->products, part(rel, 0));
	purl = json_string_or_null(component, "purl");
	if (purl)
		return from_purl(purl, module, versioned, ret);
	name = part(rel, 0);
	if (versioned)
		return read_nevra(str_of(name), ret);
	return copy(ret->name, sizeof(ret->name), str_of(name));
}
