/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/base/apt.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "crypto/digest.h"
#include "pipeline/base/confine.h"
#include "scan/version/version.h"

enum { LIMIT_APT_OUTPUT = 64 * 1024 * 1024, LIMIT_SOURCES = 64 * 1024 };

/* --- where Debian is --- */

/* What the machine's own sources may be of; the signature decides whether they are Debian's. */
static const char *const suites[] = { "bullseye", "bookworm", "trixie",	 "forky",    "duke",
				      "sid",	  "stable",   "testing", "unstable", "oldstable" };

int archive_apt_suite(const char *suite, struct err *e)
{
	size_t n = strspn(suite, "abcdefghijklmnopqrstuvwxyz");

	if (n == 0 || n > LIMIT_SUITE || suite[n] != '\0')
		return FAIL(e, E_USAGE, "'%.60s' is no suite of Debian: bookworm, trixie...",
			    suite);
	return 0;
}

static bool is_rolling(const char *suite)
{
	return strcmp(suite, "sid") == 0 || strcmp(suite, "unstable") == 0;
}

/* "bookworm-security" to "-security"; NULL when it is no suite of Debian's that we want. */
static const char *release_part(struct str release)
{
	for (size_t i = 0; i < sizeof(suites) / sizeof(*suites); i++) {
		static const char *const parts[] = { "", "-updates", "-security" };
		size_t n = strlen(suites[i]);

		if (release.n < n || memcmp(release.p, suites[i], n) != 0)
			continue;
		for (size_t k = 0; k < sizeof(parts) / sizeof(*parts); k++)
			if (str_eqz((struct str){ release.p + n, release.n - n }, parts[k]))
				return parts[k];
	}
	return NULL;
}

/* One stanza of deb822 (sources.list(5)), once. */
static void put_source(struct buf *sources, const char *uri, const char *suite, const char *part,
		       const char *component)
{
	auto_buf line = BUF_INIT(LIMIT_SOURCES);

	buf_printf(&line, "Types: deb\nURIs: %s\nSuites: %s%s\nComponents: %s\nSigned-By: %s\n\n",
		   uri, suite, part, component, DEBIAN_KEYRING);
	if (!strstr(buf_str(sources), buf_str(&line)))
		buf_puts(sources, buf_str(&line));
}

/* "URI RELEASE COMPONENT" of one of the machine's sources. */
static void take_target(struct str line, const char *suite, struct buf *sources)
{
	struct str uri, release, component;
	auto_free char *u = NULL, *c = NULL;
	const char *part;

	if (!str_cut(&line, ' ', &uri) || !str_cut(&line, ' ', &release) || line.n == 0)
		return;
	component = line;
	part = release_part(release);
	if (!part || (*part && is_rolling(suite)) || memchr(component.p, ' ', component.n))
		return;
	u = str_dup(uri);
	c = str_dup(component);
	if (u && c)
		put_source(sources, u, suite, part, c);
}

static int machine_sources(const char *suite, struct buf *sources, struct err *e)
{
	const char *const argv[] = { "apt-get",
				     "indextargets",
				     "--no-release-info",
				     "--format",
				     "$(REPO_URI) $(RELEASE) $(COMPONENT)",
				     "Created-By: Packages",
				     NULL };
	auto_buf out = BUF_INIT(LIMIT_APT_OUTPUT);
	struct str rest, line;
	int r = proc_run(argv, -1, &out, e);

	if (r < 0)
		return WRAP(e, r, "ask this machine's apt for its sources");
	rest = (struct str){ buf_str(&out), out.n };
	while (str_line(&rest, &line))
		take_target(str_trim(line), suite, sources);
	if (sources->n)
		return buf_check(sources, "sources", e);
	r = FAIL(e, E_SYSTEM, "this machine's apt has no source for Debian");
	return err_hint(e, r, "plimsoll base debian:%s --mirror URL", suite);
}

/* --mirror is the main archive; the security archive lies beside it, as "<mirror>-security". */
static int mirror_sources(const char *mirror, const char *suite, struct buf *sources, struct err *e)
{
	auto_buf security = BUF_INIT(2048);
	size_t n = strlen(mirror);

	if (n > 1000 || mirror[strcspn(mirror, " \t\n\r[]\"")] ||
	    !(starts_with(mirror, "http://") || starts_with(mirror, "https://")))
		return FAIL(e, E_USAGE, "--mirror '%.100s' is no http or https URL", mirror);
	while (n && mirror[n - 1] == '/')
		n--;
	buf_printf(&security, "%.*s-security/", (int)n, mirror);
	put_source(sources, mirror, suite, "", "main");
	if (!is_rolling(suite)) {
		put_source(sources, mirror, suite, "-updates", "main");
		put_source(sources, buf_str(&security), suite, "-security", "main");
	}
	return buf_check(sources, "sources", e);
}

/* Lines of `Acquire::http::Proxy "...";` that hold for a new root as well. */
static int machine_options(struct strv *ret, struct err *e)
{
	static const char *const wanted[] = { "Acquire::http::Proxy ", "Acquire::https::Proxy ",
					      "Acquire::Check-Valid-Until ",
					      "Acquire::Check-Date " };
	const char *const argv[] = { "apt-config",   "dump",	"--format",
				     "%F \"%v\";%n", "Acquire", NULL };
	auto_buf out = BUF_INIT(LIMIT_APT_OUTPUT);
	struct str rest, line;
	int r = proc_run(argv, -1, &out, e);

	if (r < 0)
		return WRAP(e, r, "ask this machine's apt for its configuration");
	rest = (struct str){ buf_str(&out), out.n };
	while (r == 0 && str_line(&rest, &line))
		for (size_t i = 0; r == 0 && i < sizeof(wanted) / sizeof(*wanted); i++)
			if (str_starts(line, wanted[i]))
				r = strv_addf(ret, e, "%.*s", (int)line.n, line.p);
	return r;
}

/* --- apt in its folder --- */

static int write_config(const struct archive_apt *a, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_SOURCES);
	static const char *const folders[] = { "apt/state/lists/partial",
					       "apt/cache/archives/partial" };
	int r = 0;

	for (size_t i = 0; i < a->options.n; i++)
		buf_printf(&text, "%s\n", a->options.v[i]);
	buf_puts(&text, "Dir::Etc::sourcelist \"" CONFINED_TMP "/" SOURCES_FILE "\";\n"
			"Dir::Etc::sourceparts \"/dev/null\";\n"
			"Dir::State \"" CONFINED_TMP "/apt/state\";\n"
			"Dir::State::status \"" CONFINED_TMP "/apt/status\";\n"
			"Dir::Cache \"" CONFINED_TMP "/apt/cache\";\n"
			"Acquire::Languages \"none\";\n"
			"APT::Sandbox::User \"root\";\n");
	for (size_t i = 0; r == 0 && i < sizeof(folders) / sizeof(*folders); i++)
		r = fs_mkdir_p(a->fd, folders[i], 0755, e);
	if (r == 0)
		r = fs_write_file(a->fd, "apt/status", "", 0, 0644, e);
	if (r == 0)
		r = buf_check(&text, "apt.conf", e);
	return r < 0 ? r : fs_write_file(a->fd, "apt.conf", text.p, text.n, 0644, e);
}

int archive_apt_open(struct archive_apt *ret, const struct state *state, const char *folder,
		     const char *suite, const char *mirror, struct progress *p, struct err *e)
{
	auto_archive_apt a = { .state = state, .progress = p, .fd = -1 };
	auto_buf sources = BUF_INIT(LIMIT_SOURCES);
	int r = archive_apt_suite(suite, e);

	if (r < 0)
		return r;
	a.folder = strdup(folder);
	if (!a.folder)
		return FAIL_NOMEM(e);
	a.fd = fs_open_user(folder, O_RDONLY | O_DIRECTORY, 0, e);
	r = a.fd < 0 ? a.fd : 0;
	if (r == 0)
		r = mirror ? mirror_sources(mirror, suite, &sources, e)
			   : machine_sources(suite, &sources, e);
	if (r == 0)
		r = machine_options(&a.options, e);
	if (r == 0)
		r = fs_write_file(a.fd, SOURCES_FILE, sources.p, sources.n, 0644, e);
	if (r == 0)
		r = write_config(&a, e);
	if (r < 0)
		return r;
	*ret = a;
	a = ARCHIVE_APT_NONE;
	return 0;
}

void archive_apt_close(struct archive_apt *a)
{
	if (a->fd >= 0)
		close_release(&a->fd);
	free(a->folder);
	strv_free(&a->options);
	*a = ARCHIVE_APT_NONE;
}

int archive_apt_env(struct strv *ret, int64_t epoch, struct err *e)
{
	static const char *const passed[] = { "http_proxy", "https_proxy", "no_proxy" };
	int r = strv_add(ret, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", e);

	if (r == 0)
		r = strv_add(ret, "LC_ALL=C.UTF-8", e);
	if (r == 0)
		r = strv_add(ret, "TMPDIR=" CONFINED_TMP, e);
	if (r == 0)
		r = strv_add(ret, "HOME=/", e);
	if (r == 0)
		r = strv_add(ret, "DEBIAN_FRONTEND=noninteractive", e);
	for (size_t i = 0; r == 0 && i < sizeof(passed) / sizeof(*passed); i++) {
		const char *value = getenv(passed[i]);

		if (value)
			r = strv_addf(ret, e, "%s=%s", passed[i], value);
	}
	if (r == 0 && epoch >= 0)
		r = strv_addf(ret, e, "SOURCE_DATE_EPOCH=%" PRId64, epoch);
	return r;
}

static int run_apt(const struct archive_apt *a, const char *const *argv, int out, struct err *e)
{
	auto_strv env = { 0 };
	int r = archive_apt_env(&env, -1, e);

	if (r == 0)
		r = strv_add(&env, "APT_CONFIG=" CONFINED_TMP "/apt.conf", e);
	if (r < 0)
		return r;

	const struct confined c = { .argv = argv,
				    .env = (const char *const *)env.v,
				    .out = out,
				    .folder = a->folder,
				    .state = a->state,
				    .progress = NULL };

	return confined_run(&c, e);
}

int archive_apt_update(const struct archive_apt *a, bool packages, struct err *e)
{
	const char *const argv[] = {
		"apt-get",
		"-q",
		"--error-on=any",
		"-o",
		packages ? "Acquire::IndexTargets::deb::Packages::DefaultEnabled=true"
			 : "Acquire::IndexTargets::deb::Packages::DefaultEnabled=false",
		"update",
		NULL
	};
	int r;

	progress_begin(a->progress, "ask the archive what is new", 0);
	r = run_apt(a, argv, -1, e);
	progress_end(a->progress, r < 0 ? "failed" : NULL);
	return r == E_SYSTEM ? err_wrap(e, r, "fetch from the Debian archive") : r;
}

/* --- what it says --- */

/* "Date: Sat, 17 May 2025 08:21:44 UTC" to seconds. */
static int release_date(struct str text, int64_t *ret, struct err *e)
{
	struct str line;

	while (str_line(&text, &line)) {
		struct tm tm = { 0 };
		auto_free char *value = NULL;
		const char *end;

		if (!str_starts(line, "Date: "))
			continue;
		value = str_dup((struct str){ line.p + 6, line.n - 6 });
		if (!value)
			return FAIL_NOMEM(e);
		end = strptime(value, "%a, %d %b %Y %H:%M:%S", &tm);
		if (!end || (strcmp(end, " UTC") != 0 && strcmp(end, " +0000") != 0))
			return FAIL(e, E_FORMAT, "no date: '%.60s'", value);
		*ret = (int64_t)timegm(&tm);
		return 0;
	}
	return FAIL(e, E_FORMAT, "no date");
}

static int read_release(int dir, const char *file, json_t *list, int64_t *date, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_RELEASE);
	struct digest digest;
	const char *suite = strstr(file, "_dists_");
	int64_t when;
	json_t *entry;
	int r = fs_read(dir, file, LIMIT_RELEASE, &text, e);

	if (r == 0)
		r = release_date((struct str){ buf_str(&text), text.n }, &when, e);
	if (r < 0)
		return WRAP(e, r, "%.200s", file);
	digest_of(buf_str(&text), text.n, &digest);
	suite = suite ? suite + strlen("_dists_") : file;
	entry = json_pack("{s:s%, s:s}", "suite", suite, strlen(suite) - strlen("_InRelease"),
			  "sha256", digest_hex(&digest));
	*date = when > *date ? when : *date;
	return json_push(list, entry, e);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int archive_apt_releases(const struct archive_apt *a, const char *within, json_t **ret,
			 int64_t *ret_date, struct err *e)
{
	auto_close int dir = fs_open(a->fd, within, O_RDONLY | O_DIRECTORY, 0, e);
	auto_closedir DIR *d = dir < 0 ? NULL : fdopendir(dup(dir));
	auto_json *list = json_array();
	auto_strv names = { 0 };
	int64_t date = 0;
	int r = dir < 0 ? dir : 0;

	if (r == 0 && (!d || !list))
		return FAIL_SYS(e, "list '%s'", within);
	while (r == 0) {
		const struct dirent *ent = readdir(d);

		if (!ent)
			break;
		if (ends_with(ent->d_name, "_InRelease"))
			r = strv_add(&names, ent->d_name, e);
	}
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), compare_names);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = read_release(dir, names.v[i], list, &date, e);
	if (r == 0 && names.n == 0)
		r = FAIL(e, E_SYSTEM, "apt fetched no signed release of the archive");
	if (r < 0)
		return r;
	*ret = TAKE(list);
	*ret_date = date;
	return 0;
}

/* "  name | version | where" */
static int take_candidate(struct str line, json_t *versions, struct err *e)
{
	const struct version_order *order = version_order_of(STR("Debian:12"));
	struct str name, version;
	const char *has;
	auto_free char *key = NULL, *value = NULL;

	if (!str_cut(&line, '|', &name) || !str_cut(&line, '|', &version))
		return 0;
	key = str_dup(str_trim(name));
	value = str_dup(str_trim(version));
	if (!key || !value)
		return FAIL_NOMEM(e);
	has = json_string_or_null(versions, key);
	if (has && order->compare(str_of(has), str_of(value)) >= 0)
		return 0;
	return json_put_string(versions, key, value, e);
}

int archive_apt_candidates(const struct archive_apt *a, const char *const *names, size_t n,
			   json_t **ret, struct err *e)
{
	auto_json *versions = json_object();
	auto_strv argv = { 0 };
	auto_buf out = BUF_INIT(LIMIT_APT_OUTPUT);
	auto_close int fd = openat(a->fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct str rest, line;
	int r = fd < 0 ? FAIL_SYS(e, "make a temporary file") : versions ? 0 : FAIL_NOMEM(e);

	if (r == 0)
		r = strv_add(&argv, "apt-cache", e);
	if (r == 0)
		r = strv_add(&argv, "madison", e);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = strv_add(&argv, names[i], e);
	if (r == 0)
		r = run_apt(a, (const char *const *)argv.v, fd, e);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = FAIL_SYS(e, "seek");
	if (r == 0)
		r = fs_read_fd(fd, "apt-cache madison", LIMIT_APT_OUTPUT, &out, e);
	rest = (struct str){ buf_str(&out), out.n };
	while (r == 0 && str_line(&rest, &line))
		r = take_candidate(line, versions, e);
	if (r == 0)
		*ret = TAKE(versions);
	return r;
}
