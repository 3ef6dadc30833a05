/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

/* An address of the link-local range that no network has: queries to it reach the host's server. */
#define NETWORK_DNS "169.254.1.1"

/*
 * A container's own network. pasta copies traffic between a network namespace and the host's
 * sockets in user space, so no host firewall or bridge is touched. The host's loopback is out of
 * reach from inside: pasta's own defaults, which map it, are all turned off.
 */
enum { LIMIT_PORTS = 256 };

struct port {
	char ip[46]; /* "" is every address */
	uint16_t host, container;
	bool udp;
};
struct ports {
	struct port p[LIMIT_PORTS];
	size_t n;
};

/* "[IP:]HOST:CONTAINER[/tcp|/udp]", "[v6]:HOST:CONTAINER", ranges "8000-8003:80-83"; "CONTAINER"
 * and "IP::CONTAINER" leave the host's to ports_choose(): 0. As docker, a port without an address
 * is published on every address; write 127.0.0.1: for this host alone. Appends; E_USAGE. */
int port_parse(const char *text, struct ports *ret, struct err *e);
/* What an image exposes, each with a port of the host's that is to be chosen. Appends. */
int ports_expose(const json_t *exec, struct ports *ret, struct err *e);
/* "PORT[-PORT][/udp]"; one that is there is not added again. E_USAGE. */
int port_expose(const char *text, struct ports *ret, struct err *e);
/* Ports of the host's that are free at this moment, where none is given. */
int ports_choose(struct ports *p, struct err *e);
/* E_SYSTEM when somebody else has one of them, of either family: pasta is content with a part. */
int ports_check(const struct ports *p, struct err *e);
/* "0.0.0.0:8080->80/tcp". Appends. */
void port_print(const struct port *p, struct buf *ret);
/* All of them, ", " between; those that follow each other are one range, as with docker. */
void ports_print(const struct ports *p, struct buf *ret);

/* Makes a network namespace and binds it to file (made), in the caller's mount namespace. */
int network_make(const char *file, struct err *e);
/* Starts pasta on it; network_started() waits until the ports are bound and it went into the
 * background, and must be called before network_stop(). pid_file receives its process number. A
 * taken port is E_SYSTEM. */
struct pasta {
	pid_t pid;
	int said; /* memfd of what it prints */
};
struct network_opts {
	const struct ports *ports; /* to be published; may be NULL */
	const char *packets; /* every packet is logged to it (pcap-savefile(5)); may be NULL */
	const char *device;  /* its name within, and its routes are somebody else's matter; NULL: as
				the host's */
};
int network_start(const char *file, const struct network_opts *o, const char *pid_file,
		  struct pasta *ret, struct err *e);
int network_started(struct pasta *p, struct err *e);
/* The pasta that serves this namespace file. */
int network_server(const char *file, const char *pid_file, pid_t *ret, struct err *e);
/* E_NOTFOUND: it does not run, and why that may be. */
int network_gone(struct err *e);
/* Ends the pasta that serves this namespace file, if it still runs. */
void network_stop(const char *file, const char *pid_file);

/* Text of the container's /etc/resolv.conf: the host's search list, and as its only server the
 * address that pasta forwards to the host's. Asked directly, a server's answers would come back
 * under that address (passt 2023-03-29) and be dropped. Appends. */
int network_resolv_conf(const char *host_text, size_t n, struct buf *ret, struct err *e);
