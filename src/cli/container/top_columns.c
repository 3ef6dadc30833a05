/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/top_columns.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "confine/profile.h"
#include "confine/user.h"
#include "run/life/processes.h"

enum { LIMIT_COLUMNS = 64, LIMIT_CELL = 1024 * 1024 + 64, CAPS = 41 };

/* What a cell is made of. */
struct row {
	const struct process *p;
	int root; /* the container's, for the names of its ids; -1: numbers */
};

static void put_name(const struct row *r, bool group, uint32_t id, struct buf *ret)
{
	if (id == UINT32_MAX)
		buf_puts(ret, "?");
	else if (r->root < 0 || user_name(r->root, group, id, ret, NULL) < 0)
		buf_printf(ret, "%u", id);
}

static void put_caps(uint64_t set, struct buf *ret)
{
	const uint64_t all = (UINT64_C(1) << CAPS) - 1;
	const size_t before = ret->n;

	if ((set & all) == all) {
		buf_puts(ret, "full");
		return;
	}
	for (unsigned i = 0; i < CAPS; i++)
		if (set & UINT64_C(1) << i)
			buf_printf(ret, "%s%s", ret->n > before ? "," : "",
				   (cap_name(i) ?: "CAP_?") + strlen("CAP_"));
	if (ret->n == before)
		buf_puts(ret, "none");
}

/* 1h2m3.5s */
static void put_time(uint64_t ns, struct buf *ret)
{
	const uint64_t ms = ns / 1000000, s = ms / 1000;

	if (s >= 3600)
		buf_printf(ret, "%lluh", (unsigned long long)s / 3600);
	if (s >= 60)
		buf_printf(ret, "%llum", (unsigned long long)s / 60 % 60);
	if (ms == 0)
		buf_puts(ret, "0s");
	else if (ms % 1000)
		buf_printf(ret, "%llu.%03llus", (unsigned long long)(s % 60),
			   (unsigned long long)(ms % 1000));
	else
		buf_printf(ret, "%llus", (unsigned long long)(s % 60));
}

static void put_tty(int tty, struct buf *ret)
{
	const unsigned major_ = major((dev_t)tty), minor_ = minor((dev_t)tty);

	if (!tty)
		buf_puts(ret, "?");
	else if (major_ >= 136 && major_ <= 143)
		buf_printf(ret, "pts/%u", minor_ + (major_ - 136) * 256);
	else
		buf_printf(ret, "tty%u", minor_);
}

static void put_share(const struct process *p, struct buf *ret)
{
	const double share = p->age_ns ? 100.0 * (double)p->cpu_ns / (double)p->age_ns : 0;

	buf_printf(ret, "%.3f", share);
}

static void put_label(const struct process *p, struct buf *ret)
{
	auto_buf text = BUF_INIT(4096);
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/attr/current", (int)p->host_pid);
	if (fs_read_user(path, 4096, &text, NULL) < 0 || text.n == 0)
		buf_puts(ret, "?");
	else
		buf_printf(ret, "%.*s", (int)strcspn(buf_str(&text), "\n"), buf_str(&text));
}

static void put_seccomp(const struct process *p, struct buf *ret)
{
	buf_puts(ret, p->seccomp == 2 ? "filter" : p->seccomp == 1 ? "strict" : "disabled");
}

enum kind {
	SHOW_INT,
	SHOW_U32,
	SHOW_U64,
	SHOW_USER,
	SHOW_GROUP,
	SHOW_CAPS,
	SHOW_TIME,
	SHOW_ARGS,
	SHOW_COMM,
	SHOW_STATE,
	SHOW_TTY,
	SHOW_SHARE,
	SHOW_LABEL,
	SHOW_SECCOMP,
};

#define OF(field) offsetof(struct process, field)
static const struct column {
	const char *name, *code, *heading; /* code: as AIX's ps has it; NULL: none */
	enum kind kind;
	size_t offset;
} columns[] = {
	{ "args", "%a", "COMMAND", SHOW_ARGS, 0 },
	{ "capamb", NULL, "AMBIENT CAPS", SHOW_CAPS, OF(cap_ambient) },
	{ "capbnd", NULL, "BOUNDING CAPS", SHOW_CAPS, OF(cap_bounding) },
	{ "capeff", NULL, "EFFECTIVE CAPS", SHOW_CAPS, OF(cap_effective) },
	{ "capinh", NULL, "INHERITED CAPS", SHOW_CAPS, OF(cap_inherited) },
	{ "capprm", NULL, "PERMITTED CAPS", SHOW_CAPS, OF(cap_permitted) },
	{ "comm", "%c", "COMMAND", SHOW_COMM, 0 },
	{ "etime", "%t", "ELAPSED", SHOW_TIME, OF(age_ns) },
	{ "group", "%G", "GROUP", SHOW_GROUP, OF(gid) },
	{ "hgroup", NULL, "HGROUP", SHOW_U32, OF(host_gid) },
	{ "hpid", NULL, "HPID", SHOW_INT, OF(host_pid) },
	{ "huser", NULL, "HUSER", SHOW_U32, OF(host_uid) },
	{ "label", NULL, "LABEL", SHOW_LABEL, 0 },
	{ "nice", "%n", "NI", SHOW_INT, OF(nice) },
	{ "pcpu", "%C", "%CPU", SHOW_SHARE, 0 },
	{ "pgid", "%r", "PGID", SHOW_INT, OF(pgid) },
	{ "pid", "%p", "PID", SHOW_INT, OF(pid) },
	{ "ppid", "%P", "PPID", SHOW_INT, OF(ppid) },
	{ "rgroup", "%g", "RGROUP", SHOW_GROUP, OF(rgid) },
	{ "rss", NULL, "RSS", SHOW_U64, OF(rss) },
	{ "ruser", "%u", "RUSER", SHOW_USER, OF(ruid) },
	{ "seccomp", NULL, "SECCOMP", SHOW_SECCOMP, 0 },
	{ "state", NULL, "STATE", SHOW_STATE, 0 },
	{ "stime", NULL, "STIME", SHOW_TIME, OF(system_ns) },
	{ "time", "%x", "TIME", SHOW_TIME, OF(cpu_ns) },
	{ "tty", "%y", "TTY", SHOW_TTY, 0 },
	{ "user", "%U", "USER", SHOW_USER, OF(uid) },
	{ "vsz", "%z", "VSZ", SHOW_U64, OF(vsz) },
};
enum { COLUMNS = sizeof(columns) / sizeof(*columns) };

static void put_cell(const struct row *r, const struct column *c, struct buf *ret)
{
	const struct process *p = r->p;
	const char *at = (const char *)p + c->offset;
	uint64_t wide = 0;
	uint32_t number = 0;

	memcpy(&number, at, sizeof(number));
	if (c->kind == SHOW_CAPS || c->kind == SHOW_TIME || c->kind == SHOW_U64)
		memcpy(&wide, at, sizeof(wide));
	switch (c->kind) {
	case SHOW_INT: buf_printf(ret, "%d", (int)number); break;
	case SHOW_U32: buf_printf(ret, "%u", number); break;
	case SHOW_U64: buf_printf(ret, "%llu", (unsigned long long)wide); break;
	case SHOW_USER: put_name(r, false, number, ret); break;
	case SHOW_GROUP: put_name(r, true, number, ret); break;
	case SHOW_CAPS: put_caps(wide, ret); break;
	case SHOW_TIME: put_time(wide, ret); break;
	case SHOW_ARGS: (void)process_command(p, ret, NULL); break;
	case SHOW_COMM: buf_puts(ret, p->comm); break;
	case SHOW_STATE: buf_putc(ret, p->state); break;
	case SHOW_TTY: put_tty(p->tty, ret); break;
	case SHOW_SHARE: put_share(p, ret); break;
	case SHOW_LABEL: put_label(p, ret); break;
	case SHOW_SECCOMP: put_seccomp(p, ret); break;
	}
}

static const struct column *column_of(struct str word)
{
	for (size_t i = 0; i < COLUMNS; i++)
		if (str_eqz(word, columns[i].name) ||
		    (columns[i].code && str_eqz(word, columns[i].code)))
			return &columns[i];
	return NULL;
}

struct chosen {
	const struct column *v[LIMIT_COLUMNS];
	size_t n;
};

static bool choose(int argc, char **argv, struct chosen *ret)
{
	ret->n = 0;
	for (int i = 0; i < argc; i++) {
		struct str rest = str_of(argv[i]);

		while (rest.n) {
			const size_t n = strcspn(rest.p, ", ");
			const struct str word = { rest.p, n < rest.n ? n : rest.n };
			const struct column *c = column_of(word);

			rest.p += word.n + (word.n < rest.n);
			rest.n -= word.n + (word.n < rest.n);
			if (word.n == 0)
				continue;
			if (!c || ret->n == LIMIT_COLUMNS)
				return false;
			ret->v[ret->n++] = c;
		}
	}
	return ret->n > 0;
}

bool top_columns_known(int argc, char **argv)
{
	struct chosen chosen;

	return choose(argc, argv, &chosen);
}

static int add_row(const struct chosen *chosen, const struct row *row, struct table *t,
		   struct err *e)
{
	const char *cells[LIMIT_COLUMNS];
	auto_buf text = BUF_INIT(LIMIT_CELL * 2);
	size_t at[LIMIT_COLUMNS];

	for (size_t i = 0; i < chosen->n; i++) {
		at[i] = text.n;
		put_cell(row, chosen->v[i], &text);
		buf_putc(&text, '\0');
	}
	if (text.failed)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < chosen->n; i++)
		cells[i] = text.p + at[i];
	return table_row(t, cells, e);
}

int top_columns_print(struct cli *c, pid_t first, int argc, char **argv, struct err *e)
{
	auto_release(table_free) struct table *t = NULL;
	auto_free struct process *list = NULL;
	const char *headings[LIMIT_COLUMNS];
	struct chosen chosen;
	char root[64];
	auto_close int fd = -1;
	size_t n = 0;
	int r;

	if (!choose(argc, argv, &chosen))
		return FAIL(e, E_USAGE, "want columns");
	for (size_t i = 0; i < chosen.n; i++)
		headings[i] = chosen.v[i]->heading;
	(void)snprintf(root, sizeof(root), "/proc/%d/root", (int)first);
	fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = processes_of(first, &list, &n, e);
	if (r == 0)
		r = table_new(&t, headings, chosen.n, e);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_row(&chosen, &(struct row){ &list[i], fd }, t, e);
	return r == 0 ? cli_print_table(c, t, e) : r;
}

int top_columns_list(struct cli *c, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < COLUMNS; i++)
		r = cli_print(c, e, "%s\n", columns[i].name);
	return r;
}
