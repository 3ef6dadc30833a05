/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that are listened at or connected to. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "confine/guard/look.h"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
};

static bool read_address(const struct looking *l, union address *ret)
{
	const uint64_t size = l->args[2] < sizeof(*ret) ? l->args[2] : sizeof(*ret) - 1;

	memset(ret, 0, sizeof(*ret));
	return size >= sizeof(sa_family_t) &&
	       task_bytes(l->task.pid, l->args[1], ret, (size_t)size);
}

/* The kernel says so where another could only guess: "TCP", "UDPv6". */
static bool is_tcp(const struct looking *l)
{
	char path[64], name[32] = "";

	(void)snprintf(path, sizeof(path), "/%d/fd/%d", (int)l->task.pid, (int)l->args[0]);
	if (getxattr(path, "system.sockprotoname", name, sizeof(name) - 1) < 0)
		return false;
	return strncmp(name, "TCP", 3) == 0;
}

/* A socket with a name in a folder: that is made as any file is. */
static bool look_local(struct looking *l, const union address *a)
{
	const char *name = a->local.sun_path;
	char folder[TASK_PATH] = "", link[64];
	ssize_t n = 0;

	if (!*name)
		return false; /* abstract */
	if (*name != '/') {
		(void)snprintf(link, sizeof(link), "/%d/cwd", (int)l->task.pid);
		n = readlink(link, folder, sizeof(folder) - sizeof(a->local.sun_path) - 2);
		if (n <= 0 || *folder != '/')
			return false;
		folder[n] = '\0';
	}
	(void)snprintf(l->path, sizeof(l->path), "%.*s%s%.*s", TASK_PATH - 256, folder,
		       n > 1 ? "/" : "", (int)sizeof(a->local.sun_path), name);
	return look_in_folder(l, true);
}

static bool is_loopback(const union address *a)
{
	const struct in6_addr *six = &a->v6.sin6_addr;
	const uint8_t *four = (const uint8_t *)&a->v4.sin_addr;

	if (a->any.sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(six))
		return IN6_IS_ADDR_LOOPBACK(six) || IN6_IS_ADDR_UNSPECIFIED(six);
	if (a->any.sa_family == AF_INET6)
		four = six->s6_addr + 12;
	return four[0] == 127 || four[0] == 0;
}

static void keep_address(struct looking *l, const union address *a, uint16_t port)
{
	const bool six = a->any.sa_family == AF_INET6;
	char text[INET6_ADDRSTRLEN] = "?";

	(void)inet_ntop(a->any.sa_family,
			six ? (const void *)&a->v6.sin6_addr : (const void *)&a->v4.sin_addr, text,
			sizeof(text));
	(void)snprintf(l->note->detail, sizeof(l->note->detail), six ? "[%s]:%u" : "%s:%u", text,
		       port);
}

bool look_socket(struct looking *l)
{
	const bool connect = l->look->kind == PEER;
	union address a;
	uint16_t port;

	if (!read_address(l, &a))
		return false;
	if (a.any.sa_family == AF_UNIX)
		return !connect && look_local(l, &a);
	if (a.any.sa_family != AF_INET && a.any.sa_family != AF_INET6)
		return false;
	port = ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
	keep_address(l, &a, port);
	if (!rules_port(port, connect) && is_tcp(l)) {
		l->note->a0 = port;
		l->note->a1 = connect;
		return refused(l, GUARD_PORT, 0, EACCES);
	}
	return connect && l->guard->no_network && !is_loopback(&a) &&
	       refused(l, GUARD_NETWORK, 0, ENETUNREACH);
}
