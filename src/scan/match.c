/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/match.h"

#include <ctype.h>

#include "scan/ecosystem.h"
#include "scan/range.h"

/* The names under which advisories of an ecosystem may stand, the most particular first. */
struct ecosystem {
	char *name;
	struct strv names;
	const struct version_order *order; /* NULL: unknown */
	bool checked;			   /* whether the database speaks of it */
};

struct matcher {
	struct advisory_db *db;
	const json_t *list;
	const struct match_sink *sink;
	struct strv *uncovered;
	struct ecosystem *ecosystems; /* those met so far */
	size_t n;
	struct match at;	    /* the package at hand */
	struct range_answer answer; /* of the row at hand */
};

static void matcher_release(struct matcher *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->ecosystems[i].name);
		strv_free(&m->ecosystems[i].names);
	}
	free(m->ecosystems);
}

static int check_covered(struct matcher *m, struct ecosystem *eco, struct err *e)
{
	const char *name = eco->order ? eco->name : "";
	bool covered = false;
	int r = 0;

	if (eco->checked)
		return 0;
	eco->checked = true;
	for (size_t i = 0; i < eco->names.n && r == 0 && !covered; i++)
		r = advisory_db_covers(m->db, eco->names.v[i], &covered, e);
	if (r < 0 || (covered && eco->order) || strv_has(m->uncovered, name))
		return r;
	return strv_add(m->uncovered, name, e);
}

/* The ecosystem of that name, which stays valid until the next one is asked for. */
static int ecosystem_of(struct matcher *m, const char *name, struct ecosystem **ret, struct err *e)
{
	struct ecosystem *more, *eco;

	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->ecosystems[i].name, name) == 0) {
			*ret = &m->ecosystems[i];
			return 0;
		}
	more = reallocarray(m->ecosystems, m->n + 1, sizeof(*more));
	if (!more)
		return FAIL_NOMEM(e);
	m->ecosystems = more;
	eco = &more[m->n];
	*eco = (struct ecosystem){ .name = strdup(name), .order = version_order_of(str_of(name)) };
	if (!eco->name)
		return FAIL_NOMEM(e);
	m->n++;
	*ret = eco;
	return ecosystem_names(name, &eco->names, e);
}

/*
 * What the kernel's source is called: "linux", "linux-5.10", "linux-signed-amd64", "linux-aws",
 * "linux-lts", "kernel", "kernel-rt". "linux-base" and "linux-firmware" are others.
 */
static bool is_kernel_source(const char *name)
{
	static const char *const others[] = { "linux-base", "linux-firmware", "linux-pam",
					      "linux-atm", "linuxptp" };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (starts_with(name, others[i]))
			return false;
	return strcmp(name, "linux") == 0 || starts_with(name, "linux-") ||
	       strcmp(name, "kernel") == 0 || starts_with(name, "kernel-");
}

/* Headers, build scripts and documents carry none of the code that a kernel's advisory is about. */
static bool brings_no_kernel(const json_t *package)
{
	static const char *const parts[] = { "-headers", "-libc-dev", "-kbuild", "-compiler",
					     "-devel",	 "-doc",      "-source", "-support" };
	const char *name = json_string_or_null(package, "name");
	const char *source = json_string_or_null(package, "source");

	if (!source || !is_kernel_source(source))
		return false;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (strstr(name, parts[i]))
			return true;
	return false;
}

/* "nodejs:18" of an advisory's title, "Important: nodejs:18 security update", for module nodejs. */
static bool names_other_stream(const char *title, struct str module, struct str stream)
{
	struct str rest = str_of(title), word;

	while (str_cut(&rest, ' ', &word)) {
		const char *colon = word.n ? memchr(word.p, ':', word.n) : NULL;

		if (!colon || (size_t)(colon - word.p) != module.n ||
		    memcmp(word.p, module.p, module.n) != 0)
			continue;
		word.n -= module.n + 1;
		word.p += module.n + 1;
		if (word.n && (word.n != stream.n || memcmp(word.p, stream.p, stream.n) != 0))
			return true;
	}
	return false;
}

/*
 * Streams of a module have orders of their own (Fedora Modularity): what mends one says nothing of
 * another, nor of a package outside of modules. A module's package has ".module" in its release.
 */
static bool is_other_stream(const struct match *m)
{
	const char *label = json_string_or_null(m->package, "module");
	/* A manifest has no labels; then the stream is not known. */
	bool modular = (label && *label) || strstr(m->version, ".module");
	struct str rest, module = STR(""), stream = STR("");

	if (!*m->fixed && !modular)
		return false;
	if (modular != (strstr(m->fixed, ".module") != NULL) && *m->fixed)
		return true;
	rest = str_of(label);
	if (!rest.n || !str_cut(&rest, ':', &module) || !str_cut(&rest, ':', &stream))
		return false;
	return names_other_stream(m->row->title, module, stream);
}

/* A Go module that was not built from a release. Its own name's advisories would all meet it, and
 * none could be passed by upgrading: the report says once that it was not compared. */
static bool has_no_version(const struct match *m)
{
	return strcmp(m->version, "(devel)") == 0;
}

static bool is_word(const char *known, struct str word)
{
	return !known || !*known || !word.n || str_eqz(word, known);
}

/* Whether the program was built for none of the platforms that the row is about. What it does not
 * tell of itself may be any. */
static bool is_other_platform(const json_t *package, const char *platforms)
{
	const char *os = json_string_or_null(package, "os");
	const char *arch = json_string_or_null(package, "arch");
	struct str rest = str_of(platforms), word, system;

	while (str_cut(&rest, ' ', &word)) {
		(void)str_cut(&word, '/', &system);
		if (is_word(os, system) && is_word(arch, word))
			return false;
	}
	return *platforms;
}

static enum match_verdict judge(const struct match *m, bool affected)
{
	const char *owner = json_string_or_null(m->package, "owner");

	if (strcmp(m->row->status, "not-affected") == 0)
		return MATCH_NOT_AFFECTED;
	if (brings_no_kernel(m->package))
		return MATCH_NO_KERNEL;
	if (is_other_stream(m))
		return MATCH_OTHER_STREAM;
	if (is_other_platform(m->package, m->row->platforms))
		return MATCH_OTHER_PLATFORM;
	if (has_no_version(m))
		return MATCH_NO_VERSION;
	if (!affected)
		return MATCH_OUTSIDE;
	return owner && *owner ? MATCH_OWNED : MATCH_AFFECTED;
}

/* Most rows are about other versions. Of those, the ones with a status are a distribution's own
 * word, which may clear what others say of the same id. */
static enum advisory_want wants_row(void *arg, const struct advisory_row *row)
{
	struct matcher *m = arg;
	const char *module = json_string_or_null(m->at.package, "module");

	range_match(m->at.order, row->ranges, m->at.version, &m->answer);
	/* A module's stream is told by the advisory's title. */
	if (m->sink->all || (module && *module))
		return ADVISORY_ALL;
	if (has_no_version(&m->at))
		return ADVISORY_NOTHING;
	if (is_other_platform(m->at.package, row->platforms))
		return ADVISORY_IDS;
	if (m->answer.affected)
		return ADVISORY_ALL;
	return *row->status ? ADVISORY_IDS : ADVISORY_NOTHING;
}

static int match_row(void *arg, const struct advisory_row *row, struct err *e)
{
	struct matcher *m = arg;

	m->at.row = row;
	m->at.fixed = m->answer.fixed;
	m->at.verdict = judge(&m->at, m->answer.affected);
	return m->sink->row(m->sink->arg, &m->at, e);
}

/* The rows of one name, which stands behind a prefix: "nodejs:18/" where rows name the stream. */
static int match_name(struct matcher *m, const struct ecosystem *eco, struct str prefix,
		      const char *name, const char *version, struct err *e)
{
	auto_buf full = BUF_INIT(4096);
	int r;

	buf_printf(&full, "%.*s%s", (int)prefix.n, prefix.p ? prefix.p : "", name);
	r = buf_check(&full, "a package's name", e);
	m->at.name = buf_str(&full);
	m->at.version = version;
	for (size_t i = 0; i < eco->names.n && r == 0; i++) {
		m->at.ecosystem = eco->names.v[i];
		r = advisory_db_rows(m->db, m->at.ecosystem, m->at.name, wants_row, match_row, m,
				     e);
	}
	return r;
}

/* Under its own name, its source's, or both: as the ecosystem's advisories have it. */
static int match_names(struct matcher *m, const struct ecosystem *eco, struct str prefix,
		       struct err *e)
{
	enum ecosystem_naming naming = ecosystem_naming(eco->name);
	const char *name, *version, *source, *source_version;
	int r = json_get_string(m->at.package, "name", &name, "package", e);

	r = r < 0 ? r : json_get_string(m->at.package, "version", &version, "package", e);
	r = r < 0 ? r : json_get_string(m->at.package, "source", &source, "package", e);
	r = r < 0 ? r
		  : json_get_string(m->at.package, "source_version", &source_version, "package", e);
	if (r == 0 && naming != NAMES_SOURCES)
		r = match_name(m, eco, prefix, name, version, e);
	if (r == 0 &&
	    (naming == NAMES_SOURCES || (naming == NAMES_BOTH && strcmp(name, source) != 0)))
		r = match_name(m, eco, prefix, source, source_version, e);
	return r;
}

static int match_package(struct matcher *m, const json_t *package, struct err *e)
{
	const char *name = json_string_or_null(package, "ecosystem");
	const char *owner = json_string_or_null(package, "owner");
	const char *module = json_string_or_null(package, "module");
	struct ecosystem *eco = NULL;
	int r;

	if (!name)
		name = json_string_or_null(m->list, "ecosystem");
	r = ecosystem_of(m, name ? name : "", &eco, e);
	if (r == 0 && !(owner && *owner))
		r = check_covered(m, eco, e);
	if (r < 0)
		return r;
	m->at = (struct match){ .package = package, .order = eco->order };
	if (eco->order)
		r = match_names(m, eco, STR(""), e);
	if (r == 0 && eco->order && module && strchr(module, ':')) {
		auto_buf prefix = BUF_INIT(4096);
		size_t stream = strcspn(module, ":") + 1;

		stream += strcspn(module + stream, ":");
		buf_printf(&prefix, "%.*s/", (int)stream, module);
		r = match_names(m, eco, (struct str){ buf_str(&prefix), prefix.n }, e);
	}
	return r < 0 || !m->sink->end ? r : m->sink->end(m->sink->arg, package, e);
}

int match_packages(struct advisory_db *db, const json_t *list, const struct match_sink *sink,
		   struct strv *uncovered, struct err *e)
{
	__attribute__((cleanup(matcher_release))) struct matcher m = {
		.db = db, .list = list, .sink = sink, .uncovered = uncovered
	};
	size_t i;
	json_t *package;
	int r = 0;

	json_array_foreach(json_object_get(list, "packages"), i, package) r =
		r < 0 ? r : match_package(&m, package, e);
	return r;
}
