/* SPDX-License-Identifier: Apache-2.0 */
#include "run/step/packets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "run/network/network.h"

enum {
	PIPE_BYTES = 1024 * 1024, /* what an ordinary user's pipe may hold */
	PIECE = 256 * 1024,
	/* Builds download for hours; a loop without an end is seen by who waits for the record. */
	READER_CPU_SECONDS = 24 * 3600,
};

int step_packets_open(struct step_packets *p, const char *folder, struct err *e)
{
	if (asprintf(&p->fifo, "%s/packets", folder) < 0) {
		p->fifo = NULL;
		return FAIL_NOMEM(e);
	}
	if (mkfifo(p->fifo, 0600) < 0)
		return FAIL_SYS(e, "make '%s'", p->fifo);
	/* Without waiting for pasta, which then need not wait for us. */
	p->from = open(p->fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (p->from < 0)
		return FAIL_SYS(e, "open '%s'", p->fifo);
	(void)fcntl(p->from, F_SETPIPE_SZ, PIPE_BYTES);
	return fcntl(p->from, F_SETFL, 0) < 0 ? FAIL_SYS(e, "set up a pipe") : 0;
}

/* pasta's interface is the one that is not the loopback. */
static int find_interface(int *ret_index, char ret_name[static IF_NAMESIZE], struct err *e)
{
	struct if_nameindex *all = if_nameindex();

	if (!all)
		return FAIL_SYS(e, "list network interfaces");
	*ret_index = 0;
	for (const struct if_nameindex *i = all; i->if_index; i++) {
		if (strcmp(i->if_name, "lo") == 0)
			continue;
		*ret_index = (int)i->if_index;
		(void)snprintf(ret_name, IF_NAMESIZE, "%s", i->if_name);
	}
	if_freenameindex(all);
	return *ret_index ? 0 : FAIL(e, E_SYSTEM, "the step's network has no interface");
}

static int open_link(struct step_packets *p, struct err *e)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET };
	struct ifreq req = { .ifr_flags = 0 };
	int r = find_interface(&at.sll_ifindex, req.ifr_name, e);

	if (r < 0)
		return r;
	/* Protocol 0: it sends and hears nothing. */
	p->link = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (p->link < 0 || ioctl(p->link, SIOCGIFHWADDR, &req) < 0 ||
	    bind(p->link, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return FAIL_SYS(e, "open the step's network interface");
	memcpy(p->opts.mac, req.ifr_hwaddr.sa_data, sizeof(p->opts.mac));
	return 0;
}

static int hand_over(void *arg, struct recorder *r, uint64_t number, struct err *e)
{
	const struct step_packets *p = arg;
	auto_buf text = BUF_INIT(LIMIT_RECORD_JSON);
	int k = recorder_take(r, &text, e);
	struct step_packets_head head = { number, text.n };

	if (k == 0)
		k = buf_check(&text, "record", e);
	if (k == 0)
		k = fs_write_all(p->records, &head, sizeof(head), e);
	return k == 0 ? fs_write_all(p->records, text.p, text.n, e) : k;
}

/* In the sandbox: reads until pasta has ended. */
static int read_packets(void *arg, struct buf *emit, struct err *e)
{
	const struct step_packets *p = arg;
	auto_release(recorder_free) struct recorder *r = NULL;
	auto_free unsigned char *piece = malloc(PIECE);
	int k = piece ? recorder_new(&p->opts, &r, e) : FAIL_NOMEM(e);

	(void)emit;
	while (k == 0) {
		ssize_t n = read(p->from, piece, PIECE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL_SYS(e, "read");
		if (n == 0)
			return 0;
		k = recorder_feed(r, piece, (size_t)n, hand_over, arg, e);
	}
	return k;
}

int step_packets_start(struct step_packets *p, int records, struct err *e)
{
	const int keep[] = { p->from, records };
	const struct sandbox box = { .what = "read the packets of a step",
				     .keep = keep,
				     .keep_n = 2,
				     .write_dir = -1,
				     .cpu_seconds = READER_CPU_SECONDS };
	struct digest unused;
	int r;

	p->records = records;
	digest_of("", 0, &unused); /* the first use of OpenSSL opens files */
	if (getrandom(p->opts.secret, sizeof(p->opts.secret), 0) != sizeof(p->opts.secret))
		return FAIL_SYS(e, "random bytes");
	(void)inet_pton(AF_INET, NETWORK_DNS, p->opts.dns.ip);
	r = open_link(p, e);
	if (r == 0)
		r = sandbox_start(&box, read_packets, p, 0, &p->reader, e);
	/* Once the reader is gone pasta must not wait for it. */
	close_release(&p->from);
	(void)unlink(p->fifo);
	return r;
}

int step_packets_mark(const struct step_packets *p, uint64_t number, struct err *e)
{
	unsigned char frame[RECORDER_MARKER];

	recorder_marker(&p->opts, number, frame);
	return send(p->link, frame, sizeof(frame), MSG_NOSIGNAL) < 0
		       ? FAIL_SYS(e, "send on the step's network interface")
		       : 0;
}

void step_packets_close(struct step_packets *p)
{
	const struct sandbox box = { .what = "read the packets of a step" };

	if (p->reader.from >= 0)
		(void)sandbox_wait(&box, &p->reader, NULL, NULL);
	close_release(&p->from);
	close_release(&p->link);
	if (p->fifo)
		(void)unlink(p->fifo);
	free(p->fifo);
	*p = STEP_PACKETS_NONE;
}
