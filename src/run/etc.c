/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "run/etc.h"
#include "run/file.h"
#include "run/network.h"
#include "run/run.h"

enum { LIMIT_ETC = 64 * 1024 };

static int resolv_conf(struct buf *ret, struct err *e)
{
	auto_buf host = BUF_INIT(LIMIT_ETC);
	struct err why = ERR_INIT;
	int r = fs_read_user("/etc/resolv.conf", LIMIT_ETC, &host, &why);

	if (r == E_NOTFOUND)
		return 0;
	if (r < 0)
		return FAIL(e, why.code, "%s", why.msg);
	return network_resolv_conf(buf_str(&host), host.n, ret, e);
}

static int put(int folder, const char *name, const struct buf *b, struct err *e)
{
	int r = buf_check(b, name, e);

	return r < 0 ? r : file_put(folder, name, buf_str(b), b->n, e);
}

int etc_write(int folder, const char *hostname, bool network, const struct strv *more,
	      struct err *e)
{
	auto_buf resolv = BUF_INIT(LIMIT_ETC), hosts = BUF_INIT(LIMIT_ETC),
		 name = BUF_INIT(LIMIT_ETC);
	int r = network ? resolv_conf(&resolv, e) : 0;

	buf_printf(&name, "%s\n", hostname);
	buf_printf(&hosts, "127.0.0.1\tlocalhost %s\n::1\tlocalhost ip6-localhost %s\n", hostname,
		   hostname);
	for (size_t i = 0; r == 0 && more && i < more->n; i++)
		r = run_parse_host(more->v[i], &hosts, e);
	if (r == 0)
		r = put(folder, "resolv.conf", &resolv, e);
	if (r == 0)
		r = put(folder, "hosts", &hosts, e);
	return r == 0 ? put(folder, "hostname", &name, e) : r;
}
