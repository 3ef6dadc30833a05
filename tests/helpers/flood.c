/* SPDX-License-Identifier: Apache-2.0 */
/* In a step: to HOST, datagrams to every port, and HTTP whose requests are each another, longer
 * than any URL, cut off or no HTTP at all. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int to(const char *host, int kind, unsigned short port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, kind, 0);

	inet_pton(AF_INET, host, &a.sin_addr);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 &&
	    kind == SOCK_STREAM)
		perror("connect");
	return fd;
}

int main(int argc, char **argv)
{
	static char text[200000];
	int n;

	if (argc != 2)
		return 2;
	for (int port = 1; port < 30000; port++) { /* a busy machine loses most of them */
		int fd = to(argv[1], SOCK_DGRAM, (unsigned short)port);

		(void)!write(fd, text, 1000);
		close(fd);
	}
	for (int i = 0; i < 60; i++) {
		int fd = to(argv[1], SOCK_STREAM, 80);

		memset(text, 'a' + i % 26, sizeof(text));
		n = snprintf(text, sizeof(text), "GET /x/%d/", i);
		text[n] = 'y';
		if (i % 3 == 0)
			memcpy(text + 7000, " HTTP/1.1\r\nHost: h\r\n\r\nGET /half", 32);
		else if (i % 3 == 1)
			memcpy(text, "\x16\x03\x01\xff\xff\x01", 6);
		(void)!write(fd, text, sizeof(text));
		close(fd);
	}
	return 0;
}
