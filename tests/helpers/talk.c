/* SPDX-License-Identifier: Apache-2.0 */
/* talk tcp|udp HOST PORT TEXT: sends TEXT, prints what comes back, as much as was sent. 1 when
 * there is no connection. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct addrinfo hint = { .ai_family = AF_INET }, *at;
	char back[256];
	ssize_t n;
	int fd;

	if (argc != 5)
		return 2;
	hint.ai_socktype = strcmp(argv[1], "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM;
	if (getaddrinfo(argv[2], argv[3], &hint, &at) != 0)
		return 1;
	(void)alarm(3);
	fd = socket(at->ai_family, at->ai_socktype, 0);
	if (fd < 0 || connect(fd, at->ai_addr, at->ai_addrlen) < 0)
		return 1;
	if (write(fd, argv[4], strlen(argv[4])) < 0)
		return 1;
	n = read(fd, back, sizeof(back) - 1);
	if (n < 0)
		return 1;
	back[n] = '\0';
	(void)puts(back);
	return 0;
}
