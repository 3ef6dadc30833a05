/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/seccomp_file.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "base/fs.h"
#include "confine/filter.h"
#include "confine/profile.h"
#include "sandbox/sandbox.h"

enum { LIMIT_CODE = 64 * 1024, LIMIT_ARGS = 64, SECONDS = 10 };

#if defined(__x86_64__)
#define NATIVE "SCMP_ARCH_X86_64"
#define NAMES "amd64 x86_64"
#elif defined(__aarch64__)
#define NATIVE "SCMP_ARCH_AARCH64"
#define NAMES "arm64 aarch64"
#else
#define NATIVE "SCMP_ARCH_RISCV64"
#define NAMES "riscv64"
#endif

static bool has_cap(const json_t *list, uint64_t caps, bool all)
{
	const json_t *one;
	size_t i, n = 0;

	json_array_foreach(list, i, one)
	{
		unsigned number;

		n += cap_parse(json_string_value(one) ?: "", &number, NULL) == 0 &&
		     caps & 1ULL << number;
	}
	return all ? n == json_array_size(list) : n > 0;
}

static bool is_native(const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (has_word(NAMES, json_string_value(one) ?: ""))
			return true;
	}
	return false;
}

/* Asked once, before the sandbox, which may not. */
static const struct utsname *our_kernel(void)
{
	static struct utsname u;

	if (!u.release[0])
		(void)uname(&u);
	return &u;
}

/* "4.8": whether this kernel is at least that. */
static bool kernel_is(const char *text)
{
	unsigned want[2] = { 0, 0 }, have[2] = { 0, 0 };
	const struct utsname *u = our_kernel();

	if (sscanf(text, "%u.%u", &want[0], &want[1]) < 1 ||
	    sscanf(u->release, "%u.%u", &have[0], &have[1]) < 2)
		return false;
	return have[0] != want[0] ? have[0] > want[0] : have[1] >= want[1];
}

/* As docker has it: all capabilities of includes, none of excludes. */
static bool applies(const json_t *rule, uint64_t caps)
{
	const json_t *in = json_object_get(rule, "includes"),
		     *ex = json_object_get(rule, "excludes");
	const char *least = json_string_or_null(in, "minKernel"),
		   *before = json_string_or_null(ex, "minKernel");

	if (json_array_size(json_object_get(in, "arches")) &&
	    !is_native(json_object_get(in, "arches")))
		return false;
	if (!has_cap(json_object_get(in, "caps"), caps, true) || (least && !kernel_is(least)))
		return false;
	return !is_native(json_object_get(ex, "arches")) &&
	       !has_cap(json_object_get(ex, "caps"), caps, false) && !(before && kernel_is(before));
}

static bool same_index(const json_t *args)
{
	const json_t *a, *b;
	size_t i, k;

	json_array_foreach(args, i, a) json_array_foreach(
		args, k, b) if (k > i && json_integer_value(json_object_get(a, "index")) ==
						 json_integer_value(
							 json_object_get(b, "index"))) return true;
	return false;
}

static int check_action(const char *action, const char *what, struct err *e)
{
	if (!action)
		return FAIL(e, E_FORMAT, "%s: an action is missing", what);
	if (strcmp(action, "SCMP_ACT_NOTIFY") != 0 && strcmp(action, "SCMP_ACT_TRACE") != 0)
		return 0;
	/* A hint would not leave the sandbox. */
	return FAIL(e, E_POLICY, "%s: %s: calls are handed to nobody; SCMP_ACT_ERRNO refuses them",
		    what, action);
}

/* Several comparisons of one argument are alternatives, as the runtimes take them. */
static int add_rule(json_t *rules, const json_t *rule, const char *what, struct err *e)
{
	const json_t *args = json_object_get(rule, "args"), *arg;
	const char *name = json_string_or_null(rule, "name");
	json_t *names = name ? json_pack("[s]", name) : json_incref(json_object_get(rule, "names"));
	const bool apart = same_index(args);
	size_t i = 0;
	int r = check_action(json_string_or_null(rule, "action"), what, e);

	if (r == 0 && json_array_size(args) > LIMIT_ARGS)
		r = FAIL(e, E_FORMAT, "%s: syscalls: over %d args", what, LIMIT_ARGS);
	if (r == 0 && !json_is_array(names))
		r = FAIL(e, E_FORMAT, "%s: syscalls: names are missing", what);
	if (r == 0 && !apart)
		r = json_push(rules,
			      json_pack("{s:O, s:s, s:O*, s:O*}", "names", names, "action",
					json_string_or_null(rule, "action"), "errnoRet",
					json_object_get(rule, "errnoRet"), "args", args),
			      e);
	json_array_foreach(apart ? args : NULL, i, arg)
	{
		if (r == 0)
			r = json_push(rules,
				      json_pack("{s:O, s:s, s:O*, s:[O]}", "names", names, "action",
						json_string_or_null(rule, "action"), "errnoRet",
						json_object_get(rule, "errnoRet"), "args", arg),
				      e);
	}
	json_decref(names);
	return r;
}

int seccomp_file_parse(const char *text, size_t n, const char *what, uint64_t caps, struct buf *ret,
		       struct err *e)
{
	auto_buf code = BUF_INIT(LIMIT_CODE);
	auto_json *file = NULL, *rules = json_array(), *filter = NULL;
	const json_t *rule;
	size_t i;
	int r = json_parse(text, n, what, &file, e);

	if (r == 0 && !json_is_object(file))
		r = FAIL(e, E_FORMAT, "%s: want a seccomp profile as docker has it", what);
	if (r == 0)
		r = check_action(json_string_or_null(file, "defaultAction"), what, e);
	json_array_foreach(json_object_get(file, "syscalls"), i, rule)
	{
		if (r == 0 && applies(rule, caps))
			r = add_rule(rules, rule, what, e);
	}
	if (r < 0)
		return r;
	filter = json_pack("{s:s, s:O*, s:[s], s:O}", "defaultAction",
			   json_string_or_null(file, "defaultAction"), "defaultErrnoRet",
			   json_object_get(file, "defaultErrnoRet"), "architectures", NATIVE,
			   "syscalls", rules);
	if (!filter)
		return FAIL_NOMEM(e);
	r = filter_compile(filter, &code, e);
	if (r < 0)
		return WRAP(e, r, "%s", what);
	b64_put(ret, B64_STD, code.p, code.n);
	return buf_check(ret, what, e);
}

struct parsing {
	const struct buf *text;
	const char *what;
	uint64_t caps;
};

static int parse_in_child(void *arg, struct buf *emit, struct err *e)
{
	const struct parsing *p = arg;

	return seccomp_file_parse(buf_str(p->text), p->text->n, p->what, p->caps, emit, e);
}

int seccomp_file_read(const char *path, uint64_t caps, struct buf *ret, struct err *e)
{
	const struct sandbox box = { .what = "read seccomp profile",
				     .write_dir = -1,
				     .cpu_seconds = SECONDS };
	auto_buf text = BUF_INIT(LIMIT_SECCOMP_FILE);
	struct parsing p = { &text, path, caps };
	int r = fs_read_user(path, LIMIT_SECCOMP_FILE, &text, e);

	if (r < 0)
		return r;
	(void)our_kernel();
	json_object_seed(0); /* reads /dev/urandom, which the child may not */
	return sandbox_run(&box, parse_in_child, &p, ret, e);
}
