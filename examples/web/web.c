/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP service that tells what it may do: the example that `make ship` takes down the road.
 *
 *     web [PORT]
 *
 * One process, one connection at a time, GET and HEAD of / and /healthz. It ends on SIGTERM. A
 * client has DEADLINE_S seconds in all, so that a silent one cannot keep the others out.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum {
	LIMIT_REQUEST = 4096,
	LIMIT_PAGE = 4096,
	DEADLINE_S = 5,
};

struct page {
	char text[LIMIT_PAGE];
	size_t len;
};

static volatile sig_atomic_t stopped;

static void on_stop(int sig)
{
	(void)sig;
	stopped = 1;
}

__attribute__((format(printf, 2, 3))) static void add(struct page *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(p->text + p->len, sizeof(p->text) - p->len, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof(p->text) - p->len)
		p->len += (size_t)n;
}

/* The lines of /proc/self/status that say how confined we are. */
static void add_confinement(struct page *p)
{
	static const char *const keys[] = { "CapEff:", "NoNewPrivs:", "Seccomp:" };
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			size_t n = strlen(keys[i]);
			char *value = line + n;

			if (strncmp(line, keys[i], n) != 0)
				continue;
			value += strspn(value, " \t");
			add(p, "  %-16s %s", keys[i], value);
		}
	}
	(void)fclose(f);
}

static void make_page(struct page *p)
{
	char host[256] = "?";
	struct statvfs fs = { 0 };

	(void)gethostname(host, sizeof(host) - 1);
	add(p, "Built by us, inspected, signed and written down.\n\n");
	add(p, "  %-16s %s\n", "host:", host);
	add(p, "  %-16s %d\n", "pid:", (int)getpid());
	add(p, "  %-16s %u:%u\n", "uid:gid:", (unsigned)getuid(), (unsigned)getgid());
	if (statvfs("/", &fs) == 0)
		add(p, "  %-16s %s\n",
		    "root filesystem:", fs.f_flag & ST_RDONLY ? "read-only" : "writable");
	add_confinement(p);
}

static void send_all(int fd, const char *data, size_t n)
{
	while (n > 0) {
		ssize_t done = send(fd, data, n, MSG_NOSIGNAL);

		if (done <= 0)
			return;
		data += done;
		n -= (size_t)done;
	}
}

static void answer(int fd, const char *status, const struct page *p, bool head)
{
	char top[256];
	int n = snprintf(top, sizeof(top),
			 "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\n"
			 "Content-Length: %zu\r\nConnection: close\r\n\r\n",
			 status, p->len);

	send_all(fd, top, (size_t)n);
	if (!head)
		send_all(fd, p->text, p->len);
}

/* Reads up to the empty line; false if it does not come in time or is too long. */
static bool read_request(int fd, char req[static LIMIT_REQUEST])
{
	time_t end = time(NULL) + DEADLINE_S;
	size_t len = 0;

	while (len < LIMIT_REQUEST - 1 && time(NULL) <= end && !stopped) {
		ssize_t n = recv(fd, req + len, LIMIT_REQUEST - 1 - len, 0);

		if (n <= 0)
			return false;
		len += (size_t)n;
		req[len] = '\0';
		if (strstr(req, "\r\n\r\n"))
			return true;
	}
	return false;
}

static void serve(int fd)
{
	const struct timeval limit = { .tv_sec = DEADLINE_S };
	char req[LIMIT_REQUEST];
	struct page page = { .len = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!read_request(fd, req))
		return;

	bool head = strncmp(req, "HEAD ", 5) == 0;
	const char *path = head ? req + 5 : req + 4;

	if (!head && strncmp(req, "GET ", 4) != 0) {
		add(&page, "Only GET and HEAD are answered here.\n");
		answer(fd, "405 Method Not Allowed", &page, false);
	} else if (strncmp(path, "/ ", 2) == 0) {
		make_page(&page);
		answer(fd, "200 OK", &page, head);
	} else if (strncmp(path, "/healthz ", 9) == 0) {
		add(&page, "ok\n");
		answer(fd, "200 OK", &page, head);
	} else {
		add(&page, "There is nothing here.\n");
		answer(fd, "404 Not Found", &page, head);
	}
}

int main(int argc, char **argv)
{
	const struct sigaction stop = { .sa_handler = on_stop }; /* no SA_RESTART: accept returns */
	const int on = 1;
	unsigned long port = argc > 1 ? strtoul(argv[1], NULL, 10) : 8080;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGINT, &stop, NULL);
	if (port == 0 || port > UINT16_MAX) {
		(void)fprintf(stderr, "web: '%s' is no port\n", argv[1]);
		return 2;
	}
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 64) < 0) {
		(void)fprintf(stderr, "web: port %lu: %s\n", port, strerror(errno));
		return 1;
	}
	(void)printf("web: listening on port %lu\n", port);
	(void)fflush(stdout);
	while (!stopped) {
		int client = accept(fd, NULL, NULL);

		if (client < 0)
			continue;
		serve(client);
		(void)close(client);
	}
	(void)printf("web: stopped\n");
	return 0;
}
