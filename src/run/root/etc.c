/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "run/file.h"
#include "run/network/network.h"
#include "run/root/etc.h"
#include "run/run.h"

enum { LIMIT_ETC = 64 * 1024 };

static bool any(const struct strv *l)
{
	return l && l->n;
}

/* What the host's file says of a keyword, unless it is given. */
static void put_words(const struct strv *given, const char *keyword, struct buf *ret)
{
	if (!any(given) || (given->n == 1 && strcmp(given->v[0], ".") == 0))
		return;
	buf_puts(ret, keyword);
	for (size_t i = 0; i < given->n; i++)
		buf_printf(ret, " %s", given->v[i]);
	buf_putc(ret, '\n');
}

/* The host's server is asked by the address that pasta forwards to it: answers of it come back
 * under that one. */
static bool is_hosts(struct str host, const char *server)
{
	struct str line;

	while (str_line(&host, &line)) {
		struct str t = str_trim(line), word;

		if (!str_cut(&t, ' ', &word) || !str_eqz(word, "nameserver"))
			continue;
		return str_eqz(str_trim(t), server); /* the first: the one that is forwarded */
	}
	return false;
}

static void put_servers(const struct etc *etc, struct str host, struct buf *ret)
{
	for (size_t i = 0; i < etc->dns->n; i++)
		buf_printf(ret, "nameserver %s\n",
			   etc->network && is_hosts(host, etc->dns->v[i]) ? NETWORK_DNS
									  : etc->dns->v[i]);
}

/* The lines of the host's own that nothing given replaces. */
static int put_hosts_own(const struct etc *etc, struct str host, struct buf *ret, struct err *e)
{
	auto_buf all = BUF_INIT(LIMIT_ETC);
	struct str rest, line;
	int r = etc->host_network ? 0 : network_resolv_conf(host.p, host.n, &all, e);

	if (etc->host_network)
		buf_put(&all, host.p, host.n);
	rest = (struct str){ buf_str(&all), all.n };
	while (r == 0 && str_line(&rest, &line))
		if ((!str_starts(line, "nameserver") || !any(etc->dns)) &&
		    (!(str_starts(line, "search") || str_starts(line, "domain")) ||
		     !any(etc->dns_search)) &&
		    (!str_starts(line, "options") || !any(etc->dns_options)))
			buf_printf(ret, "%.*s\n", (int)line.n, line.p);
	return r;
}

static int resolv_conf(const struct etc *etc, struct buf *ret, struct err *e)
{
	auto_buf host = BUF_INIT(LIMIT_ETC);
	struct err why = ERR_INIT;
	int r = fs_read_user("/etc/resolv.conf", LIMIT_ETC, &host, &why);
	struct str text = { buf_str(&host), host.n };

	if (r < 0 && r != E_NOTFOUND)
		return FAIL(e, why.code, "%s", why.msg);
	if (any(etc->dns))
		put_servers(etc, text, ret);
	put_words(etc->dns_search, "search", ret);
	put_words(etc->dns_options, "options", ret);
	return etc->network || etc->host_network ? put_hosts_own(etc, text, ret, e) : 0;
}

static int check_words(const char *option, const struct strv *l, bool address, struct err *e)
{
	unsigned char raw[16];

	for (size_t i = 0; l && i < l->n; i++) {
		const char *w = l->v[i];

		if (address && inet_pton(AF_INET, w, raw) != 1 && inet_pton(AF_INET6, w, raw) != 1)
			return FAIL(e, E_USAGE, "--%s '%.100s': want an IP address", option, w);
		if (!*w || strlen(w) > 255 ||
		    strspn(w,
			   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:") !=
			    strlen(w))
			return FAIL(e, E_USAGE, "--%s '%.100s': not a word of resolv.conf", option,
				    w);
	}
	return 0;
}

int etc_check(const struct etc *etc, struct err *e)
{
	int r = check_words("dns", etc->dns, true, e);

	if (r == 0)
		r = check_words("dns-search", etc->dns_search, false, e);
	return r == 0 ? check_words("dns-option", etc->dns_options, false, e) : r;
}

static int put(int folder, const char *name, const struct buf *b, struct err *e)
{
	int r = buf_check(b, name, e);

	return r < 0 ? r : file_put(folder, name, buf_str(b), b->n, e);
}

int etc_write(int folder, const struct etc *etc, struct err *e)
{
	auto_buf resolv = BUF_INIT(LIMIT_ETC), hosts = BUF_INIT(LIMIT_ETC),
		 name = BUF_INIT(LIMIT_ETC);
	int r = resolv_conf(etc, &resolv, e);

	buf_printf(&name, "%s\n", etc->hostname);
	if (r == 0 && etc->host_network)
		r = fs_read_user("/etc/hosts", LIMIT_ETC, &hosts, e);
	else
		buf_printf(&hosts, "127.0.0.1\tlocalhost %s\n::1\tlocalhost ip6-localhost %s\n",
			   etc->hostname, etc->hostname);
	for (size_t i = 0; r == 0 && etc->hosts && i < etc->hosts->n; i++)
		r = run_parse_host(etc->hosts->v[i], &hosts, e);
	if (r == 0)
		r = put(folder, "resolv.conf", &resolv, e);
	if (r == 0)
		r = put(folder, "hosts", &hosts, e);
	return r == 0 ? put(folder, "hostname", &name, e) : r;
}
