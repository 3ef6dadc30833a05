/* SPDX-License-Identifier: Apache-2.0 */
#include "run/denials/apparmor_record.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

static int hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The kernel writes what has spaces, quotes or controls as digits, and without quotes. */
static void decode(struct str value, char ret[static LIMIT_RECORD_VALUE])
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < value.n && n < LIMIT_RECORD_VALUE - 1; i += 2) {
		const int high = hex(value.p[i]), low = hex(value.p[i + 1]);

		if (high < 0 || low < 0)
			break;
		ret[n++] = (char)(high * 16 + low ?: '?');
	}
	ret[n] = '\0';
}

static void printable(char *text)
{
	text_sanitize(text);
	for (char *c = text; *c; c++)
		*c = strchr("\n\t\"", *c) ? '?' : *c;
}

/* The next KEY=VALUE; a value in quotes has none within. */
static bool next(struct str *rest, struct str *key, struct str *value, bool *quoted)
{
	size_t n = 0;

	while (rest->n && rest->p[0] == ' ')
		*rest = (struct str){ rest->p + 1, rest->n - 1 };
	while (n < rest->n && !strchr("= ", rest->p[n]))
		n++;
	*key = (struct str){ rest->p, n };
	*rest = (struct str){ rest->p + n, rest->n - n };
	*value = (struct str){ rest->p, 0 };
	*quoted = false;
	if (!rest->n || rest->p[0] != '=')
		return key->n > 0;
	*rest = (struct str){ rest->p + 1, rest->n - 1 };
	*quoted = rest->n && rest->p[0] == '"';
	if (*quoted)
		*rest = (struct str){ rest->p + 1, rest->n - 1 };
	for (n = 0; n < rest->n && rest->p[n] != (*quoted ? '"' : ' '); n++)
		;
	*value = (struct str){ rest->p, n };
	n += *quoted && n < rest->n;
	*rest = (struct str){ rest->p + n, rest->n - n };
	return true;
}

/* The first of that name: the process's own words come behind. text is untrusted (strings that the
 * kernel writes as digits when they are odd). */
static bool get(struct str fields, const char *key, bool text, char ret[static LIMIT_RECORD_VALUE])
{
	struct str name, value;
	bool quoted;

	ret[0] = '\0';
	while (next(&fields, &name, &value, &quoted)) {
		if (!str_eqz(name, key))
			continue;
		if (text && !quoted && value.n && !str_eqz(value, "none"))
			decode(value, ret);
		else
			(void)snprintf(ret, LIMIT_RECORD_VALUE, "%.*s", (int)value.n, value.p);
		printable(ret);
		return ret[0] != '\0';
	}
	return false;
}

/* As a pattern that means this path alone. */
static void put_path(const char *path, struct buf *b)
{
	const bool quotes = strpbrk(path, " #,") != NULL;

	buf_puts(b, quotes ? "\"" : "");
	for (const char *c = path; *c; c++) {
		if (strchr("*[]{}^\\", *c))
			buf_putc(b, '\\');
		buf_putc(b, *c);
	}
	buf_puts(b, quotes ? "\"" : "");
}

/* Of the log's letters (c: create, d: delete, a: append) those of a rule. */
static void put_perms(const char *mask, struct buf *b)
{
	if (strchr(mask, 'r'))
		buf_putc(b, 'r');
	if (strpbrk(mask, "wcda"))
		buf_putc(b, 'w');
	for (const char *p = "lkm"; *p; p++)
		if (strchr(mask, *p))
			buf_putc(b, *p);
	if (strchr(mask, 'x'))
		buf_puts(b, "ix");
}

static void of_file(const char *operation, struct apparmor_record *r, struct buf *what,
		    struct buf *line)
{
	buf_printf(what, "%s %s", operation, r->path);
	if (!r->mask[0] || r->path[0] != '/')
		return;
	put_path(r->path, line);
	buf_puts(line, " ");
	put_perms(r->mask, line);
	buf_puts(line, ",");
}

static void of_capability(struct apparmor_record *r, struct buf *what, struct buf *line)
{
	buf_puts(what, "using the capability ");
	for (const char *c = r->cap; *c; c++)
		buf_putc(what, (char)toupper((unsigned char)*c));
	buf_printf(line, "capability %s,", r->cap);
}

static void of_network(struct str fields, const char *operation, const char *family,
		       struct buf *what, struct buf *line)
{
	char type[LIMIT_RECORD_VALUE];

	(void)get(fields, "sock_type", false, type);
	buf_printf(what, "%s of a socket: %s%s%s", operation, family, *type ? " " : "", type);
	buf_printf(line, "network %s%s%s,", family, *type ? " " : "", type);
}

static void of_peer(struct str fields, const char *operation, const char *mask, struct buf *what,
		    struct buf *line)
{
	char peer[LIMIT_RECORD_VALUE], sig[LIMIT_RECORD_VALUE];
	const bool has_signal = get(fields, "signal", false, sig);

	(void)get(fields, "peer", true, peer);
	buf_printf(what, "%s%s%s (%s) with %s", operation, has_signal ? " " : "", sig, mask, peer);
	if (!*peer)
		return;
	buf_printf(line, "%s (%s)", operation, mask);
	if (has_signal)
		buf_printf(line, " set=(%s)", sig);
	buf_puts(line, " peer=");
	put_path(peer, line);
	buf_puts(line, ",");
}

static void of_mount(struct str fields, const char *operation, const char *path, struct buf *what,
		     struct buf *line)
{
	char type[LIMIT_RECORD_VALUE], source[LIMIT_RECORD_VALUE];

	buf_printf(what, "%s %s", operation, path);
	if (strcmp(operation, "mount") != 0) {
		buf_printf(line, "%s%s%s,",
			   strcmp(operation, "pivotroot") == 0 ? "pivot_root" : operation,
			   *path ? " " : "", path);
		return;
	}
	buf_puts(line, "mount");
	if (get(fields, "fstype", true, type))
		buf_printf(line, " fstype=%s", type);
	buf_puts(line, " ");
	if (get(fields, "srcname", true, source)) {
		put_path(source, line);
		buf_puts(line, " -> ");
	}
	put_path(path, line);
	buf_puts(line, ",");
}

static bool of_kind(struct str fields, struct apparmor_record *r)
{
	auto_buf what = BUF_INIT(sizeof(r->what)), line = BUF_INIT(sizeof(r->line));
	char operation[LIMIT_RECORD_VALUE], name[LIMIT_RECORD_VALUE], family[LIMIT_RECORD_VALUE],
		mask[LIMIT_RECORD_VALUE];

	if (!get(fields, "operation", false, operation))
		return false;
	if (!get(fields, "denied_mask", false, mask))
		(void)get(fields, "denied", false, mask);
	(void)snprintf(r->mask, sizeof(r->mask), "%.31s", mask);
	(void)get(fields, "name", true, name);
	if (get(fields, "capname", false, family)) {
		(void)snprintf(r->cap, sizeof(r->cap), "%.63s", family);
		of_capability(r, &what, &line);
	} else if (has_word("mount umount remount pivotroot", operation)) {
		of_mount(fields, operation, name, &what, &line);
	} else if (has_word("ptrace signal", operation)) {
		of_peer(fields, operation, r->mask, &what, &line);
	} else if (get(fields, "family", false, family)) {
		of_network(fields, operation, family, &what, &line);
	} else if (name[0]) {
		(void)snprintf(r->path, sizeof(r->path), "%s", name);
		of_file(operation, r, &what, &line);
	} else {
		buf_puts(&what, operation);
	}
	(void)snprintf(r->what, sizeof(r->what), "%s", buf_str(&what));
	/* Cut short it would be another rule. */
	if (buf_check(&line, "rule", NULL) == 0)
		(void)snprintf(r->line, sizeof(r->line), "%s", buf_str(&line));
	return true;
}

/* "audit(1795780989.123:45)" */
static bool time_of(const char *line, int64_t *ret)
{
	const char *at = strstr(line, "audit(");
	char *end;
	const int64_t seconds = at ? strtoll(at + strlen("audit("), &end, 10) : 0;

	if (!at || *end != '.' || seconds <= 0 || seconds > INT64_MAX / 2000)
		return false;
	*ret = seconds * 1000 + strtol(end + 1, NULL, 10) % 1000;
	return true;
}

bool apparmor_record(const char *line, struct apparmor_record *ret)
{
	static const char denied[] = "apparmor=\"DENIED\" ";
	const char *at = strstr(line, denied), *kernels = strstr(line, ";audit: type=1400 ");
	char uid[LIMIT_RECORD_VALUE];
	uint64_t number;
	struct str fields;

	*ret = (struct apparmor_record){ 0 };
	/* In the kernel's log other facilities than its own (8 and up) are what programs wrote. */
	if (!at || !time_of(line, &ret->time_ms) || strchr(line, '"') < at ||
	    (kernels ? kernels > at || strtoul(line, NULL, 10) > 7 : !starts_with(line, "type=")))
		return false;
	at += strlen(denied);
	fields = (struct str){ at, strcspn(at, "\n") };
	if (fields.n >= LIMIT_RECORD || !get(fields, "profile", true, ret->profile))
		return false;
	ret->has_uid = get(fields, "fsuid", false, uid) &&
		       str_u64(str_of(uid), UINT32_MAX, &number, NULL) == 0;
	ret->uid = ret->has_uid ? (uint32_t)number : 0;
	return of_kind(fields, ret);
}
