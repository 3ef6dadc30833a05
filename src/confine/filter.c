/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

enum {
	LIMIT_RULES = 4096,
	LIMIT_COMPARES = 6,
	LIMIT_CODE = BPF_MAXINSNS,
	X32 = 0x40000000, /* the bit of numbers of x86-64's other ABI */
};

#if defined(__x86_64__)
#define NATIVE "SCMP_ARCH_X86_64"
#define NATIVE_AUDIT AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE "SCMP_ARCH_AARCH64"
#define NATIVE_AUDIT AUDIT_ARCH_AARCH64
#else
#define NATIVE ""
#define NATIVE_AUDIT 0
#endif

/* One call of one rule. */
struct call {
	uint32_t number, order, action;
	const json_t *args; /* NULL: unconditional */
};

struct compiler {
	struct call *calls; /* sorted */
	size_t calls_n;
	uint32_t otherwise; /* the action of calls without a rule */
	struct sock_filter code[LIMIT_CODE];
	size_t n;
};

/* From a number on, up to the next one: calls[first] to calls[first + n - 1], or none. */
struct segment {
	uint32_t from;
	size_t first, n;
};

static int action_of(const char *name, int64_t error, uint32_t *ret, struct err *e)
{
	static const struct {
		const char *name;
		uint32_t value;
	} table[] = {
		{ "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW },
		{ "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
		{ "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD },
		{ "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
		{ "SCMP_ACT_LOG", SECCOMP_RET_LOG },
		{ "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF },
	};

	if (name && strcmp(name, "SCMP_ACT_ERRNO") == 0 && error > 0 && error < 4096) {
		*ret = SECCOMP_RET_ERRNO | (uint32_t)error;
		return 0;
	}
	for (size_t i = 0; name && i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(name, table[i].name) == 0) {
			*ret = table[i].value;
			return 0;
		}
	return FAIL(e, E_FORMAT, "seccomp: action '%s'", name ?: "?");
}

static int64_t number_or(const json_t *j, const char *key, int64_t otherwise)
{
	const json_t *v = json_object_get(j, key);

	return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

static void put(struct compiler *c, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (c->n < LIMIT_CODE)
		c->code[c->n] = (struct sock_filter){ code, jt, jf, k };
	c->n++; /* past the limit: an error at the end */
}

static void put_load(struct compiler *c, size_t offset)
{
	put(c, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

/* Where a comparison that does not hold jumps to is filled in later, when it is known how far it
 * is: by the branch of its instruction that is named here. */
struct out {
	size_t at[4 * LIMIT_COMPARES];
	bool when_true[4 * LIMIT_COMPARES];
	size_t n;
};

static void leave(struct compiler *c, struct out *out, bool when_true)
{
	out->at[out->n] = c->n;
	out->when_true[out->n++] = when_true;
}

/* Half of a 64-bit argument must equal value where mask has bits. */
static void put_half(struct compiler *c, size_t offset, uint32_t mask, uint32_t value,
		     struct out *out)
{
	if (mask == 0 && value == 0)
		return; /* holds for every argument */
	put_load(c, offset);
	if (mask != UINT32_MAX)
		put(c, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
	leave(c, out, false);
	put(c, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, value);
}

enum { HALVES = 5 /* instructions of what compares two halves */ };

static void put_not_equal(struct compiler *c, size_t at, uint64_t value, struct out *out)
{
	put_load(c, at);
	put(c, BPF_JMP | BPF_JEQ | BPF_K, 0, 2, (uint32_t)value);
	put_load(c, at + 4);
	leave(c, out, true);
	put(c, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, (uint32_t)(value >> 32));
}

/* Greater, or not: the high halves decide unless they are equal. or_equal is of "greater". */
static void put_order(struct compiler *c, size_t at, uint64_t value, bool greater, bool or_equal,
		      struct out *out)
{
	const uint32_t high = (uint32_t)(value >> 32);

	put_load(c, at + 4);
	if (!greater)
		leave(c, out, true);
	put(c, BPF_JMP | BPF_JGT | BPF_K, greater ? HALVES - 2 : 0, 0, high);
	if (greater)
		leave(c, out, false);
	put(c, BPF_JMP | BPF_JEQ | BPF_K, 0, greater ? 0 : HALVES - 3, high);
	put_load(c, at);
	leave(c, out, !greater);
	put(c, BPF_JMP | (or_equal ? BPF_JGE : BPF_JGT) | BPF_K, 0, 0, (uint32_t)value);
}

static int put_compare(struct compiler *c, const json_t *arg, struct out *out, struct err *e)
{
	const char *op = json_string_or_null(arg, "op") ?: "?";
	const int64_t index = number_or(arg, "index", -1);
	uint64_t value = (uint64_t)number_or(arg, "value", 0), mask = UINT64_MAX;
	size_t at;

	if (index < 0 || index >= LIMIT_COMPARES)
		return FAIL(e, E_FORMAT, "seccomp: argument %lld", (long long)index);
	at = offsetof(struct seccomp_data, args) + (size_t)index * sizeof(uint64_t);
	if (strcmp(op, "SCMP_CMP_NE") == 0) {
		put_not_equal(c, at, value, out);
		return 0;
	}
	if (has_word("SCMP_CMP_GT SCMP_CMP_GE SCMP_CMP_LT SCMP_CMP_LE", op)) {
		/* Less is not greater or equal; less or equal is not greater. */
		put_order(c, at, value, op[9] == 'G', has_word("SCMP_CMP_GE SCMP_CMP_LT", op), out);
		return 0;
	}
	if (strcmp(op, "SCMP_CMP_MASKED_EQ") == 0) {
		mask = value;
		value = (uint64_t)number_or(arg, "valueTwo", 0);
	} else if (strcmp(op, "SCMP_CMP_EQ") != 0) {
		return FAIL(e, E_FORMAT, "seccomp: comparison '%s'", op);
	}
	/* All of our architectures have the low half first. */
	put_half(c, at, (uint32_t)mask, (uint32_t)value, out);
	put_half(c, at + 4, (uint32_t)(mask >> 32), (uint32_t)(value >> 32), out);
	return 0;
}

/* One conditional rule: its action, or on to what comes behind it. */
static int put_rule(struct compiler *c, const struct call *call, struct err *e)
{
	struct out out = { .n = 0 };
	size_t i;
	const json_t *arg;
	int r = json_array_size(call->args) <= LIMIT_COMPARES
			? 0
			: FAIL(e, E_FORMAT, "seccomp: more than %d comparisons", LIMIT_COMPARES);

	json_array_foreach(call->args, i, arg) r = r == 0 ? put_compare(c, arg, &out, e) : r;
	if (r < 0)
		return r;
	put(c, BPF_RET | BPF_K, 0, 0, call->action);
	for (i = 0; i < out.n && c->n <= LIMIT_CODE; i++) {
		struct sock_filter *from = &c->code[out.at[i]];

		*(out.when_true[i] ? &from->jt : &from->jf) = (uint8_t)(c->n - out.at[i] - 1);
	}
	return 0;
}

static int put_segment(struct compiler *c, const struct segment *s, struct err *e)
{
	const struct call *calls = &c->calls[s->first];
	int r = 0;

	for (size_t i = 0; i < s->n; i++)
		if (!calls[i].args) {
			put(c, BPF_RET | BPF_K, 0, 0, calls[i].action);
			return 0;
		}
	for (size_t i = 0; r == 0 && i < s->n; i++)
		r = put_rule(c, &calls[i], e);
	put(c, BPF_RET | BPF_K, 0, 0, c->otherwise);
	return r;
}

/* The call's number is in the accumulator, and within these segments. */
static int put_tree(struct compiler *c, const struct segment *s, size_t n, struct err *e)
{
	const size_t half = n / 2;
	size_t jump;
	int r;

	if (n == 1)
		return put_segment(c, s, e);
	put(c, BPF_JMP | BPF_JGE | BPF_K, 0, 1, s[half].from);
	jump = c->n;
	put(c, BPF_JMP | BPF_JA, 0, 0, 0); /* a conditional jump may be too short */
	r = put_tree(c, s, half, e);
	if (jump < LIMIT_CODE)
		c->code[jump].k = (uint32_t)(c->n - jump - 1);
	return r == 0 ? put_tree(c, s + half, n - half, e) : r;
}

/* Whether both are one unconditional action, so that they need not be told apart. */
static bool alike(const struct compiler *c, const struct segment *a, const struct segment *b)
{
	uint32_t action[2];
	const struct segment *const s[] = { a, b };

	for (size_t i = 0; i < 2; i++) {
		if (s[i]->n && c->calls[s[i]->first].args)
			return false;
		action[i] = s[i]->n ? c->calls[s[i]->first].action : c->otherwise;
	}
	return action[0] == action[1];
}

static void add_segment(const struct compiler *c, struct segment *v, size_t *n, struct segment s)
{
	if (*n && v[*n - 1].from == s.from)
		(*n)--; /* a gap of no width */
	if (!*n || !alike(c, &v[*n - 1], &s))
		v[(*n)++] = s;
}

/* From the sorted calls: each with a number of its own, and the gaps between them. */
static size_t cut(const struct compiler *c, struct segment *v)
{
	size_t n = 0;

	add_segment(c, v, &n, (struct segment){ 0, 0, 0 });
	for (size_t i = 0; i < c->calls_n;) {
		const uint32_t number = c->calls[i].number;
		size_t same = 1;

		while (i + same < c->calls_n && c->calls[i + same].number == number)
			same++;
		add_segment(c, v, &n, (struct segment){ number, i, same });
		add_segment(c, v, &n, (struct segment){ number + 1, 0, 0 });
		i += same;
	}
	return n;
}

static int compare_calls(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	if (!x->args != !y->args)
		return x->args ? 1 : -1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int add_call(struct compiler *c, const char *name, uint32_t action, const json_t *args,
		    struct err *e)
{
	const int number = name ? seccomp_syscall_resolve_name(name) : -1;

	/* Negative: not of this architecture, or not known to libseccomp, which leaves it out, too.
	 */
	if (number < 0)
		return 0;
	if (c->calls_n == LIMIT_RULES)
		return FAIL(e, E_FORMAT, "seccomp: more than %d rules", LIMIT_RULES);
	c->calls[c->calls_n] = (struct call){ .number = (uint32_t)number,
					      .order = (uint32_t)c->calls_n,
					      .action = action,
					      .args = json_array_size(args) ? args : NULL };
	c->calls_n++;
	return 0;
}

static int read_rules(struct compiler *c, const json_t *seccomp, struct err *e)
{
	const json_t *rule, *name;
	size_t i, k;
	int r = action_of(json_string_or_null(seccomp, "defaultAction"),
			  number_or(seccomp, "defaultErrnoRet", 1), &c->otherwise, e);

	json_array_foreach(json_object_get(seccomp, "syscalls"), i, rule)
	{
		uint32_t action = 0;

		if (r == 0)
			r = action_of(json_string_or_null(rule, "action"),
				      number_or(rule, "errnoRet", 1), &action, e);
		json_array_foreach(json_object_get(rule, "names"), k, name) if (r == 0) r =
			add_call(c, json_string_value(name), action, json_object_get(rule, "args"),
				 e);
	}
	if (r == 0 && c->calls_n)
		qsort(c->calls, c->calls_n, sizeof(*c->calls), compare_calls);
	return r;
}

static int generate(struct compiler *c, struct err *e)
{
	auto_free struct segment *v = calloc(2 * c->calls_n + 1, sizeof(*v));

	if (!v)
		return FAIL_NOMEM(e);
	put_load(c, offsetof(struct seccomp_data, arch));
	put(c, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, NATIVE_AUDIT);
	put(c, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
	put_load(c, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
	/* -1 is no call of theirs, but one that was taken back by who traces. */
	put(c, BPF_JMP | BPF_JGE | BPF_K, 0, 2, X32);
	put(c, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, UINT32_MAX);
	put(c, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
#endif
	return put_tree(c, v, cut(c, v), e);
}

int filter_compile(const json_t *seccomp, struct buf *ret, struct err *e)
{
	const json_t *archs = json_object_get(seccomp, "architectures");
	auto_free struct compiler *c = calloc(1, sizeof(*c));
	auto_free struct call *calls = calloc(LIMIT_RULES, sizeof(*calls));
	int r;

	if (!c || !calls)
		return FAIL_NOMEM(e);
	c->calls = calls;
	if (json_array_size(archs) != 1 || !*NATIVE ||
	    strcmp(json_string_value(json_array_get(archs, 0)) ?: "", NATIVE) != 0)
		return FAIL(e, E_FORMAT, "seccomp: an architecture that is not ours");
	r = read_rules(c, seccomp, e);
	if (r == 0)
		r = generate(c, e);
	if (r == 0 && c->n > LIMIT_CODE)
		r = FAIL(e, E_FORMAT, "seccomp: more than %d instructions", LIMIT_CODE);
	if (r < 0)
		return r;
	buf_put(ret, c->code, c->n * sizeof(*c->code));
	return buf_check(ret, "filter of system calls", e);
}
