/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "scan/catalog/catalog.h"

/* Distributions that say who they are in another file than os-release. */

/* "CentOS release 6.10 (Final)": of Red Hat's family, whose files are links to each other. Oracle
 * Linux has Red Hat's beside its own, and Ubuntu Debian's. */
const char *const release_files[] = { "etc/alpine-release",
				      "etc/oracle-release",
				      "etc/centos-release",
				      "etc/fedora-release",
				      "etc/rocky-release",
				      "etc/almalinux-release",
				      "etc/redhat-release",
				      "etc/system-release",
				      "etc/lsb-release",
				      "etc/debian_version",
				      NULL };

bool is_release_file(const char *path)
{
	for (size_t i = 0; release_files[i]; i++)
		if (strcmp(path, release_files[i]) == 0)
			return true;
	return false;
}

static int put(json_t *os, const char *key, struct str value, struct err *e)
{
	return json_put(os, key, json_stringn(value.p, value.n), e);
}

/* Who it is, in which version, and both as people write it. */
static int put_release(json_t *os, const char *id, struct str version, struct str name,
		       struct err *e)
{
	int r = json_put_string(os, "id", id, e);

	r = r < 0 ? r : put(os, "name", name, e);
	return r < 0 || !version.n ? r : put(os, "version_id", version, e);
}

static struct str digits_and_points(struct str s)
{
	size_t n = 0;

	while (n < s.n && (isdigit((unsigned char)s.p[n]) || s.p[n] == '.'))
		n++;
	return (struct str){ s.p, n };
}

static int red_hat_family(json_t *os, struct str line, struct err *e)
{
	static const char *const names[][2] = {
		{ "CentOS", "centos" },	      { "Red Hat Enterprise Linux", "rhel" },
		{ "Fedora", "fedora" },	      { "Oracle Linux", "ol" },
		{ "Enterprise Linux", "ol" }, /* Oracle's, release 5 */
		{ "Amazon Linux", "amzn" },   { "AlmaLinux", "almalinux" },
		{ "Rocky Linux", "rocky" },
	};
	static const char release[] = " release ";
	const char *at = memmem(line.p, line.n, release, sizeof(release) - 1);
	struct str version;

	if (!at)
		return 0;
	at += sizeof(release) - 1;
	version = digits_and_points((struct str){ at, (size_t)(line.p + line.n - at) });
	for (size_t i = 0; version.n && i < sizeof(names) / sizeof(*names); i++)
		if (str_starts(line, names[i][0]))
			return put_release(os, names[i][1], version, line, e);
	return 0;
}

/* "9.13", "trixie/sid" */
static int debian(json_t *os, struct str line, struct err *e)
{
	struct str version = digits_and_points(line), rest = line, codename;
	auto_buf name = BUF_INIT(LIMIT_PACKAGE_FIELD);
	int r;

	buf_printf(&name, "Debian GNU/Linux %.*s", (int)line.n, line.p);
	r = put_release(os, "debian", version, (struct str){ buf_str(&name), name.n }, e);
	if (r < 0 || version.n || !str_cut(&rest, '/', &codename))
		return r;
	return put(os, "codename", codename, e);
}

static int alpine(json_t *os, struct str line, struct err *e)
{
	auto_buf name = BUF_INIT(LIMIT_PACKAGE_FIELD);

	buf_printf(&name, "Alpine Linux %.*s", (int)line.n, line.p);
	return put_release(os, "alpine", line, (struct str){ buf_str(&name), name.n }, e);
}

/* DISTRIB_ID=Ubuntu, DISTRIB_RELEASE=14.04. Others write it as well; os-release knows those. */
static int ubuntu(json_t *os, struct str text, struct err *e)
{
	struct str line, name, release = STR("");
	bool is_ubuntu = false;

	while (str_line(&text, &line)) {
		if (!str_cut(&line, '=', &name))
			continue;
		line = str_trim(line);
		if (str_eqz(name, "DISTRIB_ID"))
			is_ubuntu = str_eqz(line, "Ubuntu");
		if (str_eqz(name, "DISTRIB_RELEASE"))
			release = digits_and_points(line);
	}
	return is_ubuntu && release.n ? put_release(os, "ubuntu", release, STR("Ubuntu"), e) : 0;
}

int release_file_parse(const char *path, struct str text, json_t **ret, struct err *e)
{
	auto_json *os = json_object();
	struct str rest = text, line = STR("");
	int r;

	if (!os)
		return FAIL_NOMEM(e);
	(void)str_line(&rest, &line);
	line = str_trim(line);
	if (!line.n || text.n > LIMIT_RELEASE_FILE || !str_utf8(text))
		r = 0; /* not the name of a release */
	else if (strcmp(path, "etc/alpine-release") == 0)
		r = alpine(os, line, e);
	else if (strcmp(path, "etc/debian_version") == 0)
		r = debian(os, line, e);
	else if (strcmp(path, "etc/lsb-release") == 0)
		r = ubuntu(os, text, e);
	else
		r = red_hat_family(os, line, e);
	if (r == 0)
		*ret = TAKE(os);
	return r;
}
