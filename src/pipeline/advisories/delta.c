/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "pipeline/advisories/internal.h"

/*
 * Collections whose documents change one by one. The first time their archive is taken. Then the
 * list of changes, which has the newest first, is read down to what is known, and single documents
 * are fetched; how far that is is remembered once they were imported.
 */

static bool is_document(struct str s)
{
	bool begins = true;

	if (!s.n || s.n > 200)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		/* No ".." and nothing hidden: a dot does not begin a part. */
		if (!isalnum((unsigned char)c) && (begins || !c || !strchr("-_.:+/", c)))
			return false;
		begins = c == '/';
	}
	return !begins;
}

int feed_osv_line(struct str line, int64_t *ret_when, struct str *ret_id, struct err *e)
{
	struct str when;

	line = str_trim(line);
	if (!str_cut(&line, ',', &when) || clock_parse_rfc3339(when, ret_when, NULL) < 0 ||
	    !is_document(line) || memchr(line.p, '/', line.n))
		return FAIL(e, E_FORMAT, "not \"TIME,ID\"");
	*ret_id = line;
	return 0;
}

/* "…" without its quotes; CSV's doubled quotes do not occur in paths and times. */
static struct str unquote(struct str s)
{
	s = str_trim(s);
	if (s.n >= 2 && *s.p == '"' && s.p[s.n - 1] == '"')
		return (struct str){ s.p + 1, s.n - 2 };
	return s;
}

int feed_csaf_line(struct str line, int64_t *ret_when, struct str *ret_path, struct err *e)
{
	struct str path, when = line;

	if (!str_cut(&when, ',', &path))
		return FAIL(e, E_FORMAT, "not \"PATH,TIME\"");
	path = unquote(path);
	if (clock_parse_rfc3339(unquote(when), ret_when, NULL) < 0 || !is_document(path) ||
	    !str_ends(path, ".json"))
		return FAIL(e, E_FORMAT, "not \"PATH,TIME\"");
	*ret_path = path;
	return 0;
}

int feed_archive_date(const char *name, int64_t *ret, struct err *e)
{
	for (const char *p = name; strlen(p) >= 10; p++) {
		char text[RFC3339_MAX];

		(void)snprintf(text, sizeof(text), "%.10sT00:00:00Z", p);
		if (isdigit((unsigned char)*p) && clock_parse_rfc3339(str_of(text), ret, NULL) == 0)
			return 0;
	}
	return FAIL(e, E_FORMAT, "'%.80s' has no date in it", name);
}

/* Files of the cache that belong to a collection. */
struct names {
	char prefix[128], index[160], cursor[160];
};

/* What is new of a collection. */
struct changes {
	struct strv docs;
	int64_t newest; /* of the list */
	bool more;	/* than FEED_DOCS */
};

static void changes_release(struct changes *c)
{
	strv_free(&c->docs);
}

/* The lines that are newer than since. One second may hold several: those of since itself count. */
static int read_index(const struct feed *f, const struct collection *c, const char *name,
		      int64_t since, struct changes *ret, struct err *e)
{
	auto_buf text = BUF_INIT((size_t)LIMIT_FEED_INDEX + 1);
	struct str rest, line, doc;
	size_t n = 0;
	int r = fs_read(f->dir, name, (size_t)LIMIT_FEED_INDEX, &text, e);

	if (r < 0)
		return r;
	rest = (struct str){ buf_str(&text), text.n };
	while (str_line(&rest, &line)) {
		int64_t when;

		n++;
		if (!str_trim(line).n)
			continue;
		r = c->csaf ? feed_csaf_line(line, &when, &doc, e)
			    : feed_osv_line(line, &when, &doc, e);
		if (r < 0)
			return WRAP(e, r, "%s: line %zu", c->index, n);
		if (when > ret->newest)
			ret->newest = when;
		if (when < since)
			continue; /* not a break: nobody promises the order */
		if (ret->docs.n == FEED_DOCS) {
			ret->more = true;
			continue;
		}
		r = strv_addf(&ret->docs, e, "%.*s%s", (int)doc.n, doc.p, c->csaf ? "" : ".json");
		if (r < 0)
			return r;
	}
	return ret->newest ? 0 : FAIL(e, E_FORMAT, "%s: names no document", c->index);
}

/* How far a collection is known; 0: not at all. */
static int64_t load_cursor(const struct feed *f, const char *name)
{
	auto_buf text = BUF_INIT(64);
	uint64_t when;

	if (fs_read(f->dir, name, 32, &text, NULL) < 0 ||
	    str_u64(str_trim((struct str){ buf_str(&text), text.n }), INT64_MAX, &when, NULL) < 0)
		return 0;
	return (int64_t)when;
}

static int remember_cursor(struct feed *f, const char *name, int64_t when, struct err *e)
{
	json_t *cursors = json_object_get(f->after, "cursors");

	return json_put(cursors, name, json_integer(when), e);
}

static int join(struct buf *ret, const char *part, const char *doc, struct err *e)
{
	buf_printf(ret, "%s%s%s", part, *part ? "/" : "", doc);
	return buf_check(ret, "path", e);
}

/* All documents that changed, each a file of the folder; one that is gone is no error. */
static int get_documents(struct feed *f, const struct collection *c, const char *prefix,
			 const struct changes *changes, struct err *e)
{
	struct progress *p = f->road->progress;
	struct feed quiet = *f;
	struct road silent = *f->road;
	int r = 0;

	silent.progress = NULL;
	quiet.road = &silent;
	progress_begin(p, c->part[0] ? c->part : f->source->name, changes->docs.n);
	for (size_t i = 0; i < changes->docs.n && r == 0; i++) {
		auto_buf path = BUF_INIT(4096), name = BUF_INIT(1024);
		char safe[256];
		bool news;

		feed_name(changes->docs.v[i], safe, sizeof(safe));
		buf_printf(&name, "%s.doc.%s", prefix, safe);
		r = join(&path, c->part, changes->docs.v[i], e);
		r = r < 0 ? r
			  : feed_get(&quiet, buf_str(&path), buf_str(&name), LIMIT_FEED_DOC, &news,
				     e);
		if (r == E_NOTFOUND)
			r = 0;
		else if (r == 0)
			r = feed_take(f, buf_str(&name), true, e);
		progress_advance(p, i + 1);
		r = r < 0 ? r : proc_interrupted(e);
	}
	progress_end(p, r < 0 ? "failed" : NULL);
	return r;
}

static int get_archive(struct feed *f, const struct collection *c, const char *prefix,
		       struct err *e)
{
	auto_buf path = BUF_INIT(4096), name = BUF_INIT(512);
	bool news;
	int r = join(&path, c->part, c->archive, e);

	buf_printf(&name, "%s.archive", prefix);
	r = r < 0 ? r : feed_get(f, buf_str(&path), buf_str(&name), LIMIT_FEED_BYTES, &news, e);
	return r < 0 ? r : feed_take(f, buf_str(&name), true, e);
}

/* An archive that is older than the list of changes: what came after it is fetched by itself. */
static int get_since_archive(struct feed *f, const struct collection *c, const struct names *n,
			     struct changes *ret, struct err *e)
{
	strv_free(&ret->docs);
	*ret = (struct changes){ .more = false };
	int r = read_index(f, c, n->index, c->archive_date, ret, e);

	if (r == 0 && ret->more)
		r = FAIL(e, E_REMOTE, "more than %d documents changed since its archive",
			 FEED_DOCS);
	return r < 0 ? r : get_documents(f, c, n->prefix, ret, e);
}

/* The list of changes is read before the archive: what changes in between is fetched again. */
static int get_changes(struct feed *f, const struct collection *c, const struct names *n,
		       int64_t since, struct changes *ret, struct err *e)
{
	int r = read_index(f, c, n->index, since ? since : INT64_MAX, ret, e);

	if (r < 0)
		return r;
	if (since && !ret->more)
		return get_documents(f, c, n->prefix, ret, e);
	if (!c->archive)
		return FAIL(e, E_REMOTE, "more than %d documents, and no archive of them",
			    FEED_DOCS);
	r = get_archive(f, c, n->prefix, e);
	return r < 0 || !c->archive_date ? r : get_since_archive(f, c, n, ret, e);
}

int feed_collection(struct feed *f, const struct collection *c, struct err *e)
{
	__attribute__((cleanup(changes_release))) struct changes changes = { .more = false };
	auto_buf path = BUF_INIT(4096);
	struct names n;
	int64_t since;
	bool news;
	int r = join(&path, c->part, c->index, e);

	feed_name(*c->part ? c->part : "all", n.prefix, sizeof(n.prefix));
	(void)snprintf(n.index, sizeof(n.index), "%s.index", n.prefix);
	(void)snprintf(n.cursor, sizeof(n.cursor), "%s.cursor", n.prefix);
	r = r < 0 ? r : feed_get(f, buf_str(&path), n.index, LIMIT_FEED_INDEX, &news, e);
	if (r < 0)
		return r;
	since = f->anew ? 0 : load_cursor(f, n.cursor);
	if (since && !news)
		return 0;
	r = get_changes(f, c, &n, since, &changes, e);
	r = r < 0 ? r : remember_cursor(f, n.cursor, changes.newest, e);
	return r < 0 ? r : json_push(json_object_get(f->after, "used"), json_string(n.index), e);
}
