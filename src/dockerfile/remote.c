/* SPDX-License-Identifier: Apache-2.0 */
/* The form of what is remote; nothing here connects. */
#include "dockerfile/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "dockerfile/ignore.h"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool has_scheme(const char *s, const char *scheme)
{
	return strncasecmp(s, scheme, strlen(scheme)) == 0;
}

static bool is_web(const char *s)
{
	return has_scheme(s, "http://") || has_scheme(s, "https://");
}

/* "user@host:path", as ssh and scp have it; nothing that a program might take for an option. */
static bool is_scp(const char *s)
{
	size_t user = 0, host = 0;

	while (is_alnum(s[user]) || s[user] == '-' || s[user] == '_')
		user++;
	if (!user || s[0] == '-' || s[user] != '@')
		return false;
	s += user + 1;
	if (s[0] == '-')
		return false;
	while (is_alnum(s[host]) || s[host] == '-' || s[host] == '.')
		host++;
	return host && s[host] == ':';
}

enum remote_kind remote_kind(const char *s, bool context)
{
	size_t path = strcspn(s, "?#");

	if (is_web(s))
		return path > 4 && strncmp(s + path - 4, ".git", 4) == 0 ? REMOTE_GIT : REMOTE_HTTP;
	if (has_scheme(s, "git://") || has_scheme(s, "ssh://") || is_scp(s))
		return REMOTE_GIT;
	return context && starts_with(s, "github.com/") ? REMOTE_GIT : REMOTE_NONE;
}

bool remote_is_commit(const char *s)
{
	size_t n = strspn(s, "0123456789abcdef");

	return !s[n] && (n == 40 || n == 64);
}

void remote_hide(char *text)
{
	for (char *p = text; (p = strstr(p, "://"));) {
		size_t n;

		p += 3;
		/* To the last "@" of the authority: passwords may hold one. */
		for (n = strcspn(p, "/?# \t\r\n\"'\\"); n > 0 && p[n - 1] != '@'; n--)
			;
		if (n > 1)
			memset(p, '*', n - 1);
	}
}

static int hex_value(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Takes %XX back. A NUL or a control character that was hidden so is refused. */
static int decode(struct str s, bool plus, char **ret, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_REMOTE + 1);

	for (size_t i = 0; i < s.n; i++) {
		int hi, lo, c = (unsigned char)s.p[i];

		if (c == '%') {
			hi = i + 2 < s.n ? hex_value(s.p[i + 1]) : -1;
			lo = i + 2 < s.n ? hex_value(s.p[i + 2]) : -1;
			if (hi < 0 || lo < 0)
				return FAIL(e, E_FORMAT, "URL: '%%' without two hex digits");
			c = hi << 4 | lo;
			i += 2;
		} else if (plus && c == '+') {
			c = ' ';
		}
		if (c < 0x20 || c == 0x7f)
			return FAIL(e, E_FORMAT, "URL: a control character in it");
		buf_putc(&b, (char)c);
	}
	if (buf_check(&b, "URL", e) < 0)
		return b.failed;
	*ret = b.n ? buf_take(&b) : strdup("");
	return *ret ? 0 : FAIL_NOMEM(e);
}

/* What is connected to and shown is printable: no spaces, no controls, no quotes of a shell. */
static int check_characters(const char *s, struct err *e)
{
	size_t n = strlen(s);

	if (n > LIMIT_REMOTE)
		return FAIL(e, E_FORMAT, "URL: longer than %d bytes", LIMIT_REMOTE);
	for (size_t i = 0; i < n; i++)
		if (s[i] <= 0x20 || s[i] >= 0x7f || s[i] == '\\' || s[i] == '"' || s[i] == '\'')
			return FAIL(e, E_FORMAT, "URL: a character that must be written as %%%02X",
				    (unsigned char)s[i]);
	return 0;
}

/* The pieces of "scheme://user:pw@host/path?query#fragment". */
struct pieces {
	struct str scheme; /* with its "://"; empty: scp form */
	struct str user;   /* without "@" */
	struct str host;   /* and port */
	struct str path;   /* from "/" (scp: behind ":"), to "?" or "#" */
	struct str query, fragment;
};

static void cut_path(struct str s, struct pieces *ret)
{
	const char *hash = s.n ? memchr(s.p, '#', s.n) : NULL, *mark;

	if (hash) {
		ret->fragment = (struct str){ hash + 1, s.n - (size_t)(hash + 1 - s.p) };
		s.n = (size_t)(hash - s.p);
	}
	mark = s.n ? memchr(s.p, '?', s.n) : NULL;
	if (mark) {
		ret->query = (struct str){ mark + 1, s.n - (size_t)(mark + 1 - s.p) };
		s.n = (size_t)(mark - s.p);
	}
	ret->path = s;
}

static struct pieces take_apart(const char *s)
{
	const char *scheme = strstr(s, "://"), *at;
	struct pieces p = { { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 } };
	size_t n;

	if (scheme && (size_t)(scheme - s) < 8) {
		p.scheme = (struct str){ s, (size_t)(scheme + 3 - s) };
		s = scheme + 3;
		n = strcspn(s, "/?#");
	} else {
		n = strcspn(s, ":");
	}
	at = memrchr(s, '@', n);
	if (at) {
		p.user = (struct str){ s, (size_t)(at - s) };
		n -= (size_t)(at + 1 - s);
		s = at + 1;
	}
	p.host = (struct str){ s, n };
	s += n;
	if (!p.scheme.n && *s)
		s++;
	cut_path(str_of(s), &p);
	return p;
}

static int check_host(struct str host, struct err *e)
{
	bool v6 = host.n && host.p[0] == '[';

	for (size_t i = 0; i < host.n; i++) {
		char c = host.p[i];

		if (!is_alnum(c) && !strchr(v6 ? "[]:.-_" : ":.-_", c))
			return FAIL(e, E_FORMAT, "URL: bad character in the host's name");
	}
	if (!host.n || host.p[0] == '-' || host.p[0] == ':' || host.p[0] == '.')
		return FAIL(e, E_FORMAT, "URL: no host in it");
	return 0;
}

/* The last part of a path. */
static int file_name(struct str path, char **ret, struct err *e)
{
	auto_free char *plain = NULL;
	const char *slash;
	size_t n;
	int r = decode(path, false, &plain, e);

	if (r < 0)
		return r;
	for (n = strlen(plain); n > 0 && plain[n - 1] == '/'; n--)
		plain[n - 1] = '\0';
	slash = strrchr(plain, '/');
	slash = slash ? slash + 1 : plain;
	if (!*slash || strcmp(slash, ".") == 0)
		return 0;
	if (strcmp(slash, "..") == 0 || strlen(slash) > 255)
		return FAIL(e, E_FORMAT, "URL: its path does not end in the name of a file");
	*ret = strdup(slash);
	return *ret ? 0 : FAIL_NOMEM(e);
}

/* A name of a ref as git-check-ref-format(1) allows it. */
static int check_ref(const char *ref, struct err *e)
{
	size_t n = strlen(ref);
	bool bad = !n || ref[0] == '-' || ref[0] == '/' || ref[0] == '.' || ref[n - 1] == '/' ||
		   ref[n - 1] == '.' || ends_with(ref, ".lock") || strstr(ref, "..") ||
		   strstr(ref, "//") || strstr(ref, "/.") || strstr(ref, "@{");

	if (bad || strpbrk(ref, " ~^:?*[\\"))
		return FAIL(e, E_FORMAT, "'%.100s' is no name for a branch, tag or commit", ref);
	return 0;
}

static int take_subdir(struct remote *r, struct str s, struct err *e)
{
	auto_free char *plain = NULL, *clean = NULL;
	int f = decode(s, false, &plain, e);

	clean = f < 0 ? NULL : calloc(1, strlen(plain) + 2);
	if (f < 0)
		return f;
	if (!clean)
		return FAIL_NOMEM(e);
	(void)stpcpy(clean, plain + strspn(plain, "/"));
	path_clean(clean);
	if (strcmp(clean, "..") == 0 || starts_with(clean, "../"))
		return FAIL(e, E_FORMAT, "'%.200s' lies outside of the repository", plain);
	if (strcmp(clean, ".") == 0)
		clean[0] = '\0';
	free(r->subdir);
	r->subdir = TAKE(clean);
	return 0;
}

/* Go's strconv.ParseBool; nothing is yes. */
static int parse_bool(const char *key, const char *s, bool *ret, struct err *e)
{
	static const char *const yes[] = { "", "1", "t", "true" }, *const no[] = { "0", "f",
										   "false" };

	for (size_t i = 0; i < 4; i++)
		if (strcasecmp(s, yes[i]) == 0) {
			*ret = true;
			return 0;
		}
	for (size_t i = 0; i < 3; i++)
		if (strcasecmp(s, no[i]) == 0) {
			*ret = false;
			return 0;
		}
	return FAIL(e, E_FORMAT, "%s is true or false, not '%.40s'", key, s);
}

static int take_ref(struct remote *r, const char *prefix, const char *ref, struct err *e)
{
	int f = check_ref(ref, e);

	if (f < 0)
		return f;
	if (r->ref)
		return FAIL(e, E_FORMAT, "the URL names more than one of ref, branch and tag");
	if (asprintf(&r->ref, "%s%s", starts_with(ref, "refs/") ? "" : prefix, ref) < 0)
		return FAIL_NOMEM(e);
	return 0;
}

static int take_commit(struct remote *r, const char *s, struct err *e)
{
	if (!remote_is_commit(s))
		return FAIL(e, E_FORMAT, "'%.70s' is no commit: 40 or 64 hex digits", s);
	if (r->commit && strcmp(r->commit, s) != 0)
		return FAIL(e, E_FORMAT, "the URL names two commits");
	free(r->commit);
	r->commit = strdup(s);
	return r->commit ? 0 : FAIL_NOMEM(e);
}

static int take_parameter(struct remote *r, const char *key, const char *value, struct err *e)
{
	bool submodules;
	int f;

	if (strcmp(key, "ref") == 0)
		return take_ref(r, "", value, e);
	if (strcmp(key, "branch") == 0)
		return take_ref(r, "refs/heads/", value, e);
	if (strcmp(key, "tag") == 0)
		return take_ref(r, "refs/tags/", value, e);
	if (strcmp(key, "commit") == 0 || strcmp(key, "checksum") == 0)
		return take_commit(r, value, e);
	if (strcmp(key, "subdir") == 0)
		return take_subdir(r, str_of(value), e);
	if (strcmp(key, "keep-git-dir") == 0) {
		r->keep_said = true;
		return parse_bool(key, value, &r->keep_git, e);
	}
	if (strcmp(key, "submodules") == 0) {
		f = parse_bool(key, value, &submodules, e);
		r->no_submodules = f == 0 && !submodules;
		return f;
	}
	return FAIL(e, E_FORMAT,
		    "'%.40s' is nothing that the URL of a git repository may ask for: ref, branch, "
		    "tag, commit, checksum, subdir, keep-git-dir, submodules",
		    key);
}

static int take_query(struct remote *r, struct str query, struct err *e)
{
	struct str pair, key;

	while (str_cut(&query, '&', &pair)) {
		auto_free char *name = NULL, *value = NULL;
		int f;

		if (!str_cut(&pair, '=', &key))
			continue; /* "a&&b" */
		f = decode(key, true, &name, e);
		if (f == 0)
			f = decode(pair, true, &value, e);
		if (f == 0)
			f = take_parameter(r, name, value, e);
		if (f < 0)
			return f;
	}
	return 0;
}

/* "#ref:subdir". */
static int take_fragment(struct remote *r, struct str s, struct err *e)
{
	auto_free char *ref = NULL;
	const char *colon = s.n ? memchr(s.p, ':', s.n) : NULL;
	struct str head = { s.p, colon ? (size_t)(colon - s.p) : s.n };
	int f = head.n ? decode(head, false, &ref, e) : 0;

	if (f == 0 && ref)
		f = take_ref(r, "", ref, e);
	if (f == 0 && colon && r->subdir)
		return FAIL(e, E_FORMAT, "the URL names two folders");
	return f == 0 && colon ? take_subdir(r, (struct str){ colon + 1, s.n - head.n - 1 }, e) : f;
}

static int take_git(struct remote *r, const struct pieces *p, struct err *e)
{
	int f = take_query(r, p->query, e);

	if (f == 0)
		f = take_fragment(r, p->fragment, e);
	if (f == 0 && !r->subdir && !(r->subdir = strdup("")))
		f = FAIL_NOMEM(e);
	if (f < 0)
		return f;
	if (!p->path.n || (p->path.n == 1 && p->path.p[0] == '/'))
		return FAIL(e, E_FORMAT, "URL: no repository in it");
	if (!p->scheme.n && p->path.p[0] == '-')
		return FAIL(e, E_FORMAT, "URL: a path that begins with '-'");
	return 0;
}

/* url and shown, printed anew from the pieces; credentials of http(s) go to auth. */
static int print_anew(struct remote *r, const struct pieces *p, struct err *e)
{
	bool web = !p->scheme.n ? false : is_web(p->scheme.p);
	bool user = p->user.n && !web; /* ssh: a name, no secret */
	bool query = r->kind == REMOTE_HTTP && p->query.n;
	int f = web && p->user.n ? decode(p->user, false, &r->auth, e) : 0;

	if (f < 0)
		return f;
	if (user && memchr(p->user.p, ':', p->user.n))
		return FAIL(e, E_FORMAT, "URL: a password is not given to ssh or git");
	if (user && p->user.p[0] == '-')
		return FAIL(e, E_FORMAT, "URL: a user's name that begins with '-'");
	for (size_t i = 0; user && i < p->user.n; i++)
		if (!is_alnum(p->user.p[i]) && !strchr("-_.", p->user.p[i]))
			return FAIL(e, E_FORMAT, "URL: bad character in the user's name");
	if (asprintf(&r->url, "%.*s%.*s%s%.*s%s%.*s%s%.*s", (int)p->scheme.n, p->scheme.p,
		     user ? (int)p->user.n : 0, p->user.p, user ? "@" : "", (int)p->host.n,
		     p->host.p, p->scheme.n ? "" : ":", (int)p->path.n, p->path.p, query ? "?" : "",
		     query ? (int)p->query.n : 0, p->query.p) < 0)
		return FAIL_NOMEM(e);
	query = r->kind == REMOTE_GIT && p->query.n;
	if (asprintf(&r->shown, "%s%s%.*s%s%.*s", r->url, query ? "?" : "",
		     query ? (int)p->query.n : 0, p->query.p, p->fragment.n ? "#" : "",
		     (int)p->fragment.n, p->fragment.p) < 0)
		return FAIL_NOMEM(e);
	return 0;
}

int remote_parse(const char *s, bool context, struct remote *ret, struct err *e)
{
	auto_remote r = { .kind = remote_kind(s, context) };
	auto_free char *whole = NULL;
	struct pieces p;
	int f;

	if (r.kind == REMOTE_NONE) {
		*ret = r;
		return 0;
	}
	if (asprintf(&whole, "%s%s", starts_with(s, "github.com/") ? "https://" : "", s) < 0)
		return FAIL_NOMEM(e);
	f = check_characters(whole, e);
	if (f < 0)
		return f;
	p = take_apart(whole);
	f = check_host(p.host, e);
	if (f == 0)
		f = print_anew(&r, &p, e);
	if (f == 0)
		f = r.kind == REMOTE_GIT ? take_git(&r, &p, e) : file_name(p.path, &r.name, e);
	if (f < 0)
		return f;
	*ret = r;
	memset(&r, 0, sizeof(r));
	return 0;
}

void remote_free(struct remote *r)
{
	if (r->auth)
		explicit_bzero(r->auth, strlen(r->auth));
	free(r->auth);
	free(r->url);
	free(r->shown);
	free(r->name);
	free(r->ref);
	free(r->commit);
	free(r->subdir);
	memset(r, 0, sizeof(*r));
}
