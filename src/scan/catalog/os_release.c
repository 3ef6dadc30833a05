/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/catalog.h"

static const struct {
	const char *variable, *key;
} variables[] = {
	{ "ID", "id" },
	{ "VERSION_ID", "version_id" },
	{ "VERSION_CODENAME", "codename" },
	{ "PRETTY_NAME", "name" },
};

/* A value as a shell reads it: quotes off, a backslash takes the next character as it is (within
 * double quotes only before " $ ` and itself). False for what is not one word. */
static bool unquote(struct str s, struct buf *ret)
{
	char quote = '\0';

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (quote == '\'' ? c != quote : (c == '\\' && i + 1 < s.n)) {
			if (c == '\\' && quote != '\'') {
				c = s.p[++i];
				if (quote == '"' && !strchr("\"\\$`", c))
					buf_putc(ret, '\\');
			}
			buf_putc(ret, c);
		} else if (c == quote) {
			quote = '\0';
		} else if (!quote && (c == '"' || c == '\'')) {
			quote = c;
		} else if (!quote && (c == ' ' || c == '\t' || c == ';')) {
			return false;
		} else {
			buf_putc(ret, c);
		}
	}
	return !quote;
}

static int read_assignment(json_t *os, struct str name, struct str value, struct err *e)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		auto_buf b = BUF_INIT(LIMIT_PACKAGE_FIELD);

		if (!str_eqz(name, variables[i].variable) || !unquote(value, &b) || b.failed ||
		    !str_utf8((struct str){ buf_str(&b), b.n }))
			continue;

		/* The last one wins, as in a shell. */
		int r = json_put_string(os, variables[i].key, buf_str(&b), e);

		if (r < 0)
			return r;
	}
	return 0;
}

int os_release_parse(struct str text, json_t **ret, struct err *e)
{
	auto_json *os = json_object();
	struct str line, name;

	if (!os)
		return FAIL_NOMEM(e);
	if (text.n > LIMIT_OS_RELEASE)
		return FAIL(e, E_FORMAT, "os-release is longer than %d bytes", LIMIT_OS_RELEASE);
	while (str_line(&text, &line)) {
		line = str_trim(line);
		if (!line.n || *line.p == '#' || !memchr(line.p, '=', line.n))
			continue;
		(void)str_cut(&line, '=', &name);

		int r = read_assignment(os, name, line, e);

		if (r < 0)
			return r;
	}
	*ret = TAKE(os);
	return 0;
}

/* Debian's testing and unstable have no VERSION_ID, only a code name. */
static const struct {
	const char *codename, *version;
} debian_releases[] = {
	{ "buster", "10" }, { "bullseye", "11" }, { "bookworm", "12" },
	{ "trixie", "13" }, { "forky", "14" },	  { "duke", "15" },
};

static void debian(const json_t *os, const char *version, struct buf *ret)
{
	const char *codename = json_string_or_null(os, "codename");

	for (size_t i = 0;
	     !version && codename && i < sizeof(debian_releases) / sizeof(*debian_releases); i++)
		if (strcmp(codename, debian_releases[i].codename) == 0)
			version = debian_releases[i].version;
	/* The part before the point: "9.13" is release 9. */
	if (version)
		buf_printf(ret, "Debian:%.*s", (int)strcspn(version, "."), version);
}

/* "3.20.3" is branch v3.20; a snapshot "3.21.0_alpha20240923" is of edge. */
static void alpine(const char *version, struct buf *ret)
{
	size_t major = version ? strcspn(version, ".") : 0, minor;

	/* As purls have it; os-release of edge has a snapshot's name. */
	if (version && (strchr(version, '_') || strcmp(version, "edge") == 0)) {
		buf_puts(ret, "Alpine:edge");
		return;
	}
	if (!major || version[major] != '.')
		return;
	minor = strcspn(version + major + 1, ".");
	buf_printf(ret, "Alpine:v%.*s", (int)(major + 1 + minor), version);
}

/* Distributions of apk's and dpkg's packages besides those of Alpine and Debian, by OSV's names. */
static const struct {
	const char *id, *ecosystem;
	bool released; /* the name has the release: "Alpaquita:23", "Alpaquita:stream" */
} others[] = {
	{ "wolfi", "Wolfi", false },
	{ "chainguard", "Chainguard", false },
	{ "minimos", "MinimOS", false },
	{ "echo", "Echo", false },
	{ "alpaquita", "Alpaquita", true },
	{ "bellsoft-hardened-containers", "BellSoft Hardened Containers", true },
};

static bool other(const char *id, const char *version, struct buf *ret)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		if (strcmp(id, others[i].id) != 0)
			continue;
		if (!others[i].released)
			buf_puts(ret, others[i].ecosystem);
		else if (version)
			buf_printf(ret, "%s:%s", others[i].ecosystem, version);
		return true;
	}
	return false;
}

void os_ecosystem(const json_t *os, struct buf *ret)
{
	const char *id = os ? json_string_or_null(os, "id") : NULL;
	const char *version = os ? json_string_or_null(os, "version_id") : NULL;

	if (!id)
		return;
	if (version && !*version)
		version = NULL;
	if (strcmp(id, "debian") == 0)
		debian(os, version, ret);
	else if (strcmp(id, "alpine") == 0)
		alpine(version, ret);
	else if (strcmp(id, "ubuntu") == 0 && version)
		buf_printf(ret, "Ubuntu:%s", version);
	else if (!other(id, version, ret))
		os_rpm_ecosystem(os, ret);
}
