/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic/pcap.h"

#include <stdint.h>
#include <stdlib.h>

#include "tap.h"

TAP_MAIN()

static unsigned char file[200000];
static size_t file_n;

static void put32(uint32_t v)
{
	memcpy(file + file_n, &v, 4);
	file_n += 4;
}

static void begin(uint32_t magic, uint32_t link)
{
	file_n = 0;
	put32(magic);
	put32(4U << 16 | 2);
	put32(0);
	put32(0);
	put32(65535);
	put32(link);
}

static void frame(uint32_t n, uint32_t wire, char fill)
{
	put32(1);
	put32(2);
	put32(n);
	put32(wire);
	memset(file + file_n, fill, n);
	file_n += n;
}

static char seen[256];
static int count;

static int note(void *arg, const unsigned char *p, size_t n, size_t wire_n, struct err *e)
{
	size_t have = strlen(seen);

	(void)arg, (void)e;
	count++;
	if (have < sizeof(seen) - 64)
		(void)snprintf(seen + have, sizeof(seen) - have, "%c%zu/%zu ", n ? p[n - 1] : '-',
			       n, wire_n);
	return 0;
}

/* In pieces of that size. */
static int feed(size_t piece)
{
	static struct pcap p;
	struct err e = ERR_INIT;
	int r = 0;

	p = (struct pcap){ .have = 0 };
	seen[0] = '\0';
	count = 0;
	for (size_t at = 0; r == 0 && at < file_n; at += piece)
		r = pcap_feed(&p, file + at, piece < file_n - at ? piece : file_n - at, note, NULL,
			      &e);
	CHECK((r < 0) == (e.msg[0] != '\0'));
	return r;
}

TEST(frames_come_whole_whatever_the_pieces)
{
	begin(0xa1b2c3d4, 1);
	frame(3, 3, 'a');
	frame(0, 0, 'b');
	frame(20, 90, 'c');
	frame(15, 15, 'd');
	for (size_t piece = 1; piece < file_n + 2; piece++) {
		CHECK(feed(piece) == 0);
		CHECK_STR(seen, "a3/3 -0/0 c20/90 d15/15 ");
	}
	file_n -= 1;
	CHECK(feed(7) == 0);
	CHECK_STR(seen, "a3/3 -0/0 c20/90 ");
}

TEST(the_longest_frame_and_one_that_is_longer)
{
	begin(0xa1b2c3d4, 1);
	frame(LIMIT_PCAP_FRAME, LIMIT_PCAP_FRAME, 'x');
	frame(LIMIT_PCAP_FRAME, LIMIT_PCAP_FRAME, 'y');
	CHECK(feed(4096) == 0 && count == 2);
	CHECK(feed(sizeof(file)) == 0 && count == 2);
	begin(0xa1b2c3d4, 1);
	frame(LIMIT_PCAP_FRAME + 1, LIMIT_PCAP_FRAME + 1, 'x');
	CHECK(feed(4096) == E_FORMAT && count == 0);
}

TEST(what_is_no_capture_of_ours)
{
	begin(0xd4c3b2a1, 1);
	CHECK(feed(5) == E_FORMAT);
	begin(0xa1b23c4d, 1);
	CHECK(feed(100) == E_FORMAT);
	begin(0xa1b2c3d4, 101);
	CHECK(feed(100) == E_FORMAT);
}
