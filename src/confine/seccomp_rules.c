/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/seccomp_rules.h"

#include <string.h>
#include <sys/ioctl.h>

enum { LIMIT_OTHERS = 8, BITS = 32 };

static json_t *compare_json(const struct compare *c)
{
	json_int_t value = (json_int_t)c->value, mask = (json_int_t)c->mask;

	if (!c->mask)
		return json_pack("{s:i, s:I, s:s}", "index", (int)c->index, "value", value, "op",
				 c->differs ? "SCMP_CMP_NE" : "SCMP_CMP_EQ");
	return json_pack("{s:i, s:I, s:I, s:s}", "index", (int)c->index, "value", mask, "valueTwo",
			 value, "op", "SCMP_CMP_MASKED_EQ");
}

int rule_act(json_t *rules, const char *action, const char *name, const struct compare *c, size_t n,
	     struct err *e)
{
	auto_json *args = json_array();

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(args, compare_json(&c[i])) < 0)
			return FAIL_NOMEM(e);
	return json_push(
		rules,
		json_pack("{s:[s], s:s, s:O}", "names", name, "action", action, "args", args), e);
}

int rule_allow(json_t *rules, const char *name, const struct compare *c, size_t n, struct err *e)
{
	return rule_act(rules, "SCMP_ACT_ALLOW", name, c, n, e);
}

int rule_notify(json_t *rules, const char *name, const struct compare *c, size_t n, struct err *e)
{
	return rule_act(rules, "SCMP_ACT_NOTIFY", name, c, n, e);
}

int rule_refuse(json_t *rules, json_t *names, int error, struct err *e)
{
	return json_push(rules,
			 json_pack("{s:o, s:s, s:i}", "names", names, "action", "SCMP_ACT_ERRNO",
				   "errnoRet", error),
			 e);
}

int rule_answer(json_t *rules, const char *name, const struct compare *c, size_t n, int error,
		struct err *e)
{
	json_t *rule;
	int r = rule_act(rules, "SCMP_ACT_ERRNO", name, c, n, e);

	if (r < 0)
		return r;
	rule = json_array_get(rules, json_array_size(rules) - 1);
	return json_put_u64(rule, "errnoRet", (uint64_t)error, e);
}

/* The bits in which all of them are alike. */
static uint32_t alike(const uint32_t *v, size_t n)
{
	uint32_t differ = 0;

	for (size_t i = 1; i < n; i++)
		differ |= v[0] ^ v[i];
	return ~differ;
}

/* Of those that have the bits of `had` as `want` has them; `done` are bits that need no more rule.
 */
static int allow_others(json_t *rules, const char *name, unsigned index, const uint32_t *v,
			size_t n, struct compare had, uint32_t done, struct err *e)
{
	const uint32_t same = alike(v, n) & ~done;
	uint32_t half[2][LIMIT_OTHERS], split;
	size_t half_n[2] = { 0, 0 };
	int r = 0;

	for (unsigned bit = 0; r == 0 && bit < BITS; bit++) {
		const uint32_t mask = 1U << bit;
		const struct compare c = { index, had.value | (~v[0] & mask), had.mask | mask };

		r = same & mask ? rule_allow(rules, name, &c, 1, e) : 0;
	}
	done |= same;
	if (r < 0 || n == 1)
		return r;
	split = ~done & -~done; /* the lowest bit in which they differ */
	for (size_t i = 0; i < n; i++) {
		const bool set = v[i] & split;

		half[set][half_n[set]++] = v[i];
	}
	for (int set = 0; r == 0 && set < 2; set++) {
		const struct compare c = { index, had.value | (set ? split : 0), had.mask | split };

		r = allow_others(rules, name, index, half[set], half_n[set], c, done | split, e);
	}
	return r;
}

int rule_allow_others(json_t *rules, const char *name, unsigned index, const uint32_t *v, size_t n,
		      struct err *e)
{
	const struct compare none = { index, 0, 0 };

	if (n == 0 || n > LIMIT_OTHERS)
		return FAIL(e, E_INTERNAL, "seccomp: %zu numbers of %s", n, name);
	return allow_others(rules, name, index, v, n, none, 0, e);
}

/*
 * Two write into a terminal as if typed; the third gives a terminal, which everybody can make,
 * another line discipline: modems' and serial protocols' drivers, which the kernel loads for it
 * (CVE-2017-2636, CVE-2023-6546).
 */
static const uint32_t ioctls[] = { TIOCSTI, TIOCLINUX, TIOCSETD };

size_t rules_ioctls(const uint32_t **ret)
{
	*ret = ioctls;
	return sizeof(ioctls) / sizeof(*ioctls);
}

int rules_allow_ioctl(json_t *rules, struct err *e)
{
	return rule_allow_others(rules, "ioctl", 1, ioctls, sizeof(ioctls) / sizeof(*ioctls), e);
}
