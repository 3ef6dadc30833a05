/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "scan/severity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same metrics the other way round, behind the same prefix. */
static char *turn(const char *vector)
{
	const char *begin = strncmp(vector, "CVSS:", 5) == 0 ? strchr(vector, '/') : NULL;
	size_t n = strlen(vector), at;
	char *ret = calloc(n + 2, 1);

	begin = begin ? begin + 1 : vector;
	if (!ret)
		return NULL;
	at = (size_t)(begin - vector);
	memcpy(ret, vector, at);
	for (const char *end = vector + n; end > begin;) {
		const char *part = end;

		while (part > begin && part[-1] != '/')
			part--;
		memcpy(ret + at, part, (size_t)(end - part));
		at += (size_t)(end - part);
		if (part > begin)
			ret[at++] = '/';
		end = part > begin ? part - 1 : begin;
	}
	return ret;
}

/* A score is one of the scale, and the order of the metrics does not matter. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *vector = strndup((const char *)data, size), *turned = vector ? turn(vector) : NULL;
	int score = vector ? cvss_score(vector) : -1;
	enum severity s = severity_of_score(score);

	if (score < -1 || score > 100 || (score >= 0) != (s != SEVERITY_UNKNOWN) ||
	    (vector && (int)severity_of_word(vector) >= SEVERITIES))
		__builtin_trap();
	/* What is no prefix any more may have become one. */
	if (score >= 0 && turned && vector[strlen(vector) - 1] != '/' &&
	    (strncmp(vector, "CVSS:", 5) == 0) == (strncmp(turned, "CVSS:", 5) == 0) &&
	    cvss_score(turned) != score)
		__builtin_trap();
	free(vector);
	free(turned);
	return 0;
}
