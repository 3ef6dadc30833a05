/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/utsname.h>

#include "cli/template.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* name=version pairs of what we were built with; meson fills it. */
#ifndef PLIMSOLL_LIBRARIES
#define PLIMSOLL_LIBRARIES ""
#endif

/* The libraries, as an object name -> version. Owned. */
static int libraries(json_t **ret, struct err *e)
{
	struct str rest = STR(PLIMSOLL_LIBRARIES), pair, name;
	auto_json *j = json_object();

	if (!j)
		return FAIL_NOMEM(e);
	while (str_cut(&rest, ' ', &pair)) {
		auto_free char *key = str_cut(&pair, '=', &name) ? str_dup(name) : NULL;
		int r = key ? json_put(j, key, json_stringn(pair.p, pair.n), e) : FAIL_NOMEM(e);

		if (r < 0)
			return r;
	}
	*ret = TAKE(j);
	return 0;
}

static int version_json(json_t **ret, struct err *e)
{
	auto_json *j = json_object();
	auto_json *list = json_array();
	json_t *libs = NULL;
	int r = libraries(&libs, e);

	if (r < 0)
		return r;
	r = json_put(j, "libraries", libs, e);
	for (size_t i = 0; commands[i] && r == 0; i++)
		if (!commands[i]->hidden)
			r = json_push(list, json_string(commands[i]->name), e);
	if (r < 0 || (r = json_put_string(j, "schema", "plimsoll.version/v1", e)) < 0 ||
	    (r = json_put_string(j, "version", PLIMSOLL_VERSION, e)) < 0 ||
	    (r = json_put_string(j, "compiler", COMPILER, e)) < 0 ||
	    (r = json_put(j, "features", TAKE(list), e)) < 0)
		return r;
	*ret = TAKE(j);
	return 0;
}

/* docker's and podman's words: both sides of theirs are this one program. */
static int add_words(json_t *j, struct err *e)
{
	struct utsname u = { 0 };
	auto_json *side = NULL, *words = NULL;

	(void)uname(&u);
	side = json_pack("{s:s, s:s, s:s, s:s, s:s}", "Version", PLIMSOLL_VERSION, "Os", "linux",
			 "Arch",
			 strcmp(u.machine, "x86_64") == 0    ? "amd64"
			 : strcmp(u.machine, "aarch64") == 0 ? "arm64"
							     : u.machine,
			 "OsArch", "", "KernelVersion", u.release);
	if (!side ||
	    json_object_set_new(side, "OsArch",
				json_sprintf("linux/%s", json_string_or_null(side, "Arch"))) < 0)
		return FAIL_NOMEM(e);
	words = json_pack("{s:O, s:O, s:s}", "Client", side, "Server", side, "Version",
			  PLIMSOLL_VERSION);
	return words && json_object_update(j, words) == 0 ? 0 : FAIL_NOMEM(e);
}

struct version_opts {
	const char *format;
};

static int run_version(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct version_opts *o = opts;
	auto_json *j = NULL;
	auto_rows rows = { 0 };
	const char *name;
	json_t *version;
	int r = format_rows_begin(c, o->format, &rows, e);

	(void)argc, (void)argv;
	if (r == 0)
		r = version_json(&j, e);
	if (r == 0 && rows.template)
		r = add_words(j, e);
	if (r < 0)
		return r;
	if (rows.template)
		return format_rows_add(&rows, j, e);
	if (c->json)
		return cli_print_json(c, j, e);
	r = cli_print(c, e, "plimsoll    %s\ncompiler    %s\n", PLIMSOLL_VERSION, COMPILER);
	json_object_foreach(json_object_get(j, "libraries"), name, version)
	{
		if (r < 0)
			return r;
		r = cli_print(c, e, "%-11s %s\n", name, json_string_value(version));
	}
	return r;
}

static const struct opt version_table[] = {
	OPT_AT(struct version_opts, format, "format", 'f', OPT_STRING, "FORMAT",
	       "json, or a template in docker's words: '{{.Server.Version}}'"),
	OPT_END,
};

const struct command cmd_version = {
	.name = "version",
	.group = "Other",
	.args = "",
	.brief = "Show the version, the compiler and the libraries",
	.example = "plimsoll version --format json\nplimsoll version -f '{{.Client.Version}}'",
	.opts = version_table,
	.opts_size = sizeof(struct version_opts),
	.run = run_version,
};
