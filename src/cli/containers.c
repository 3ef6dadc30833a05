/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/containers.h"

#include "cli/signing.h"

void cli_subject(const struct state *state, const char *text, struct subject *ret)
{
	auto_container found = CONTAINER_INIT;

	*ret = (struct subject){ 0 };
	if (container_find(state, text, &found, NULL) < 0)
		return;
	memcpy(ret->id, found.id, sizeof(ret->id));
	if (found.digest)
		(void)digest_parse(str_of(found.digest), &ret->image.digest, NULL);
}

int cli_note_container(struct cli *c, const char *kind, const char *text, const struct subject *s,
		       int outcome, json_t *detail, struct err *e)
{
	auto_json *j = detail ? detail : json_object();

	if (s->id[0] && json_object_set_new(j, "container", json_string(s->id)) < 0)
		return outcome < 0 ? outcome : FAIL_NOMEM(e);
	return cli_note(c, kind, text, &s->image, outcome, TAKE(j), e);
}

json_t *cli_argv(const char *const *argv)
{
	auto_json *list = json_array();
	size_t left = LIMIT_NOTED_ARGS;

	for (; *argv && left; argv++) {
		size_t n = strnlen(*argv, left);
		auto_free char *text = strndup(*argv, n);

		if (!text)
			return NULL;
		text_sanitize(text); /* an argument need not be UTF-8; an entry is */
		if (json_array_append_new(list, json_string(text)) < 0)
			return NULL;
		left -= n;
	}
	return json_pack("{s:O}", "command", list);
}
