/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/go.h"

/*
 * Go's module information (runtime/debug.ParseBuildInfo): lines of words between tabs.
 *
 *   path  PATH             of the main package
 *   mod   PATH VERSION SUM of the main module
 *   dep   PATH VERSION SUM of one that it needs
 *   =>    PATH VERSION SUM what was built in the place of the one before
 *   build KEY=VALUE
 */
struct module {
	struct str path, version;
	struct str wanted, wanted_version; /* when another was built in its place */
};

struct parse {
	struct catalog_out *out;
	struct str arch, os;
	struct module at; /* the last one, not yet added: its replacement may follow */
};

/* A module that another stands in for: what runs is the other. One from a folder has no version,
 * and is listed under the name that the program imports. */
static int end_module(struct parse *p, struct err *e)
{
	struct module m = p->at;
	auto_buf replaces = BUF_INIT(2 * LIMIT_PACKAGE_FIELD);
	struct package package = { .name = m.path,
				   .version = m.version,
				   .arch = p->arch,
				   .ecosystem = STR("Go"),
				   .os = p->os };

	p->at = (struct module){ 0 };
	if (!m.path.n)
		return 0;
	if (m.wanted.n) {
		bool folder = *m.path.p == '.' || *m.path.p == '/';

		buf_printf(&replaces, "%.*s@%.*s", (int)m.wanted.n, m.wanted.p,
			   (int)m.wanted_version.n, m.wanted_version.n ? m.wanted_version.p : "");
		if (buf_check(&replaces, "a replaced module", e) < 0)
			return E_FORMAT;
		package.name = folder ? m.wanted : m.path;
		package.replaces = (struct str){ replaces.p, replaces.n };
	}
	if (!package.version.n)
		package.version = STR("(devel)");
	return catalog_add(p->out, &package, e);
}

/* "PATH\tVERSION[\tSUM]". */
static int module_of(struct str rest, struct str *ret_path, struct str *ret_version, struct err *e)
{
	*ret_version = STR("");
	if (!str_cut(&rest, '\t', ret_path) || !ret_path->n)
		return FAIL(e, E_FORMAT, "a module without a name");
	(void)str_cut(&rest, '\t', ret_version);
	return 0;
}

static int read_line(struct parse *p, struct str line, struct err *e)
{
	struct str word, rest = line;
	int r = 0;

	if (!str_cut(&rest, '\t', &word))
		return 0;
	if (str_eqz(word, "=>")) {
		if (!p->at.path.n || p->at.wanted.n)
			return FAIL(e, E_FORMAT, "replaces no module");
		p->at.wanted = p->at.path;
		p->at.wanted_version = p->at.version;
		return module_of(rest, &p->at.path, &p->at.version, e);
	}
	if (!str_eqz(word, "mod") && !str_eqz(word, "dep"))
		return 0;
	r = end_module(p, e);
	return r < 0 ? r : module_of(rest, &p->at.path, &p->at.version, e);
}

/* A setting, "build\tGOARCH=": they stand at the end, and are of all. Go 1.18 began to tell. */
static struct str find_setting(struct str info, const char *name)
{
	struct str line;

	while (str_line(&info, &line))
		if (str_starts(line, name))
			return (struct str){ line.p + strlen(name), line.n - strlen(name) };
	return STR("");
}

static size_t digits(struct str s, size_t at)
{
	while (at < s.n && s.p[at] >= '0' && s.p[at] <= '9')
		at++;
	return at;
}

/*
 * The standard library's version as the vulnerability database spells it: "go1.22.3" is 1.22.3,
 * "go1.20rc1" is 1.20.0-rc.1, "devel go1.20-2c7856087a …" comes before 1.20.0. What vendors add
 * ("go1.22.3 X:boringcrypto", "go1.21.5-fips") does not change which release it is.
 */
static void stdlib_version(struct str v, struct buf *ret)
{
	static const char *const kinds[] = { "rc", "beta" };
	bool devel = str_starts(v, "devel ");
	size_t end, numbers = 1;

	if (devel)
		v = (struct str){ v.p + 6, v.n - 6 };
	if (!str_starts(v, "go") || (end = digits(v, 2)) == 2) {
		buf_puts(ret, "(devel)");
		return;
	}
	for (; end < v.n && v.p[end] == '.' && digits(v, end + 1) > end + 1; numbers++)
		end = digits(v, end + 1);
	buf_put(ret, v.p + 2, end - 2);
	v = (struct str){ v.p + end, v.n - end };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t n = strlen(kinds[i]), to;

		if (!str_starts(v, kinds[i]) || (to = digits(v, n)) == n)
			continue;
		buf_printf(ret, "%s-%s.%.*s", numbers < 3 ? ".0" : "", kinds[i], (int)(to - n),
			   v.p + n);
		return;
	}
	if (devel)
		buf_printf(ret, "%s-devel", numbers < 3 ? ".0" : "");
}

int go_add_packages(struct str version, struct str info, struct catalog_out *out, struct err *e)
{
	auto_buf number = BUF_INIT(LIMIT_GO_VERSION + 16);
	struct parse p = { .out = out,
			   .arch = find_setting(info, "build\tGOARCH="),
			   .os = find_setting(info, "build\tGOOS=") };
	struct package stdlib = {
		.name = STR("stdlib"), .arch = p.arch, .ecosystem = STR("Go"), .os = p.os
	};
	struct str line;
	size_t line_no = 0;
	int r;

	stdlib_version(version, &number);
	r = buf_check(&number, "a version of Go", e);
	stdlib.version = (struct str){ buf_str(&number), number.n };
	r = r < 0 ? r : catalog_add(out, &stdlib, e);
	while (r == 0 && str_line(&info, &line)) {
		line_no++;
		r = read_line(&p, line, e);
	}
	r = r < 0 ? r : end_module(&p, e);
	return r < 0 ? WRAP(e, r, "build information, line %zu", line_no) : 0;
}
