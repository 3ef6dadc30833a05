/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic/tls.h"

#include <string.h>

#include "traffic/bytes.h"

enum {
	RECORD_HEADER = 5,
	RECORD_HANDSHAKE = 22,
	LIMIT_RECORD_BODY = 16384 + 256,
	HANDSHAKE_HEADER = 4,
	CLIENT_HELLO = 1,
	EXTENSION_NAME = 0,
};

/* A vector with a length of `width` bytes before it. */
static bool vector(struct rest *r, size_t width, struct rest *ret)
{
	size_t n = 0;

	if (r->n < width)
		return false;
	for (size_t i = 0; i < width; i++)
		n = n << 8 | r->p[i];
	if (n > r->n - width)
		return false;
	*ret = (struct rest){ r->p + width, n };
	return rest_skip(r, width + n);
}

static void read_server_name(struct rest ext, char ret[static LIMIT_HOST_NAME + 1])
{
	struct rest list, name;

	/* Only host_name (0) is defined, and it comes once. */
	if (vector(&ext, 2, &list) && list.n > 0 && list.p[0] == 0 && rest_skip(&list, 1) &&
	    vector(&list, 2, &name))
		name_clean((struct str){ (const char *)name.p, name.n }, ret);
}

static bool read_hello(struct rest r, char ret[static LIMIT_HOST_NAME + 1])
{
	struct rest part, exts, ext;

	/* version, random; session, ciphers, compression */
	if (!rest_skip(&r, 2 + 32) || !vector(&r, 1, &part) || !vector(&r, 2, &part) ||
	    !vector(&r, 1, &part))
		return false;
	if (r.n == 0)
		return true;
	if (!vector(&r, 2, &exts))
		return false;
	while (exts.n) {
		unsigned type;

		if (exts.n < 2)
			return false;
		type = (unsigned)exts.p[0] << 8 | exts.p[1];
		if (!rest_skip(&exts, 2) || !vector(&exts, 2, &ext))
			return false;
		if (type == EXTENSION_NAME)
			read_server_name(ext, ret);
	}
	return true;
}

int tls_server_name(const unsigned char *p, size_t n, char ret[static LIMIT_HOST_NAME + 1])
{
	unsigned char hello[LIMIT_TLS_HELLO];
	size_t have = 0;

	ret[0] = '\0';
	/* It may stand in several records. */
	for (;;) {
		size_t body, take, length;

		if (n && p[0] != RECORD_HANDSHAKE)
			return -1;
		if (n > 1 && p[1] != 3)
			return -1;
		if (n < RECORD_HEADER)
			return 0;
		body = (size_t)p[3] << 8 | p[4];
		if (body == 0 || body > LIMIT_RECORD_BODY)
			return -1;
		take = n - RECORD_HEADER < body ? n - RECORD_HEADER : body;
		if (take > sizeof(hello) - have)
			return -1;
		memcpy(hello + have, p + RECORD_HEADER, take);
		have += take;
		if (have && hello[0] != CLIENT_HELLO)
			return -1;
		if (have >= HANDSHAKE_HEADER) {
			length = (size_t)hello[1] << 16 | (size_t)hello[2] << 8 | hello[3];
			if (length > sizeof(hello) - HANDSHAKE_HEADER)
				return -1;
			if (have >= HANDSHAKE_HEADER + length)
				return read_hello((struct rest){ hello + HANDSHAKE_HEADER, length },
						  ret)
					       ? 1
					       : -1;
		}
		if (take < body)
			return 0;
		p += RECORD_HEADER + body;
		n -= RECORD_HEADER + body;
	}
}
