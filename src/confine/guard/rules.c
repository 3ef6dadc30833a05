/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "confine/guard/guard.h"

enum { LIMIT_WRITES = 128, LIMIT_WRITE = 256, PORT_BYTES = 65536 / 8 };

static struct {
	bool known, all, ports[2]; /* all: more folders than are kept. ports: restricted */
	char writes[LIMIT_WRITES][LIMIT_WRITE];
	size_t writes_n;
	uint8_t allowed[2][PORT_BYTES];
} rules;

static const char *after(const char *word, const char *option)
{
	const size_t n = strlen(option);

	return strncmp(word, option, n) == 0 ? word + n : NULL;
}

static void take_word(const char *word)
{
	const char *v;

	if ((v = after(word, "--write="))) {
		if (rules.writes_n == LIMIT_WRITES || strlen(v) >= LIMIT_WRITE)
			rules.all = true;
		else
			memcpy(rules.writes[rules.writes_n++], v, strlen(v) + 1);
	}
	for (int connect = 0; connect < 2; connect++)
		if ((v = after(word, connect ? "--connect=" : "--bind="))) {
			const unsigned port = (unsigned)strtoul(v, NULL, 10) & UINT16_MAX;

			rules.ports[connect] = true;
			rules.allowed[connect][port / 8] |= (uint8_t)(1U << port % 8);
		}
}

/* confine/shim.h, SHIM_PATH. */
void rules_take(const char *cmdline, size_t n)
{
	const char *const end = cmdline + n;
	bool whole = false;

	if (rules.known || n == 0 || end[-1] != '\0' || strcmp(cmdline, "/dev/shim") != 0)
		return;
	for (const char *w = cmdline; w < end && !whole; w += strlen(w) + 1) {
		whole = strcmp(w, "--") == 0;
		rules.all |= strcmp(w, "--unconfined") == 0;
		take_word(w);
	}
	rules.known = true;
	rules.all |= !whole;
}

bool rules_may_add(const char *path)
{
	if (!rules.known || rules.all)
		return true;
	for (size_t i = 0; i < rules.writes_n; i++) {
		const char *folder = rules.writes[i];
		const size_t n = strlen(folder);

		if (strcmp(folder, "/") == 0 ||
		    (strncmp(path, folder, n) == 0 && (path[n] == '/' || !path[n])))
			return true;
	}
	return false;
}

/* Port 0 stands for "restricted", and is none. */
bool rules_port(uint16_t port, bool connect)
{
	if (!rules.known || !rules.ports[connect])
		return true;
	return port && rules.allowed[connect][port / 8] & 1U << port % 8;
}
