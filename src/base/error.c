/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void append(char *buf, size_t cap, size_t *len, const char *s)
{
	size_t n = strnlen(s, cap);

	if (n > cap - 1 - *len)
		n = cap - 1 - *len;
	memcpy(buf + *len, s, n);
	*len += n;
	buf[*len] = '\0';
}

/* What vsnprintf really stored in a buffer of cap bytes. */
static size_t stored(int n, size_t cap)
{
	if (n < 0)
		return 0;
	return (size_t)n < cap ? (size_t)n : cap - 1;
}

int err_set(struct err *e, const char *file, int line, enum err_code code, int sys, const char *fmt,
	    ...)
{
	va_list ap;
	size_t len;

	if (!e)
		return code;
	*e = (struct err){ .code = code, .sys = sys, .file = file, .line = line };
	va_start(ap, fmt);
	len = stored(vsnprintf(e->msg, sizeof(e->msg), fmt, ap), sizeof(e->msg));
	va_end(ap);
	if (sys) {
		const char *text = strerrordesc_np(sys);

		append(e->msg, sizeof(e->msg), &len, ": ");
		append(e->msg, sizeof(e->msg), &len, text ? text : "unknown error");
	}
	return code;
}

int err_wrap(struct err *e, int r, const char *fmt, ...)
{
	char inner[sizeof(e->msg)];
	va_list ap;
	size_t len;

	if (!e)
		return r;
	memcpy(inner, e->msg, sizeof(inner));
	va_start(ap, fmt);
	len = stored(vsnprintf(e->msg, sizeof(e->msg), fmt, ap), sizeof(e->msg));
	va_end(ap);
	append(e->msg, sizeof(e->msg), &len, ": ");
	append(e->msg, sizeof(e->msg), &len, inner);
	return r;
}

int err_hint(struct err *e, int r, const char *fmt, ...)
{
	va_list ap;

	if (!e || e->hint[0] != '\0')
		return r;
	va_start(ap, fmt);
	(void)vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
	va_end(ap);
	return r;
}

int err_exit_status(int r)
{
	switch ((enum err_code)r) {
	case E_OK: return 0;
	case E_USAGE: return 2;
	case E_POLICY: return 3;
	case E_VERIFY: return 4;
	case E_FORMAT:
	case E_NOTFOUND: return 5;
	case E_SYSTEM:
	case E_NOMEM: return 6;
	case E_REMOTE: return 7;
	case E_SIGNAL: return 130;
	case E_INTERNAL: return 70;
	}
	return r > 0 ? 0 : 70;
}
