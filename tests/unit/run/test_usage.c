/* SPDX-License-Identifier: Apache-2.0 */
#include "run/life/usage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "tap.h"

TAP_MAIN()

static char top[] = "/tmp/test-usage-XXXXXX";
static int fd = -1;

static void put(const char *path, const char *text)
{
	char folder[512];

	(void)snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = '\0';
	CHECK(fs_mkdir_p(fd, folder, 0700, NULL) == 0);
	CHECK(fs_write_cache(fd, path, text, strlen(text), 0600, NULL) == 0);
}

static void begin(void)
{
	(void)snprintf(top, sizeof(top), "/tmp/test-usage-XXXXXX");
	CHECK(mkdtemp(top));
	fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put("proc/7/net/dev", "Inter-|   Receive\n face |bytes packets\n"
			      "    lo:  999  1 0 0 0 0 0 0  999 1 0 0 0 0 0 0\n"
			      "  eth0: 1500 10 0 0 0 0 0 0 2500 20 0 0 0 0 0 0\n"
			      " wide1:8 1 0 0 0 0 0 0 4 1 0 0 0 0 0 0\n");
}

static struct usage look(void)
{
	char proc[64], groups[64];
	struct usage u = { 0 };

	(void)snprintf(proc, sizeof(proc), "%s/proc", top);
	(void)snprintf(groups, sizeof(groups), "%s/cg", top);
	CHECK(usage_read_at(proc, groups, 7, &u, NULL) == 0);
	CHECK(usage_read_at(proc, groups, 8, &u, NULL) == E_NOTFOUND);
	(void)fs_remove_tree(AT_FDCWD, top, NULL);
	(void)close(fd);
	return u;
}

TEST(version_1_and_hybrid)
{
	struct usage u;

	begin();
	put("proc/7/cgroup", "12:pids:/p\n11:cpu,cpuacct:/p\n10:memory:/p\n9:blkio:/p\n"
			     "1:name=systemd:/x\n0::/other\n");
	put("cg/cpuacct/p/cpuacct.usage", "123456789\n");
	put("cg/memory/p/memory.usage_in_bytes", "1000\n");
	put("cg/memory/p/memory.limit_in_bytes", "9223372036854771712\n");
	put("cg/memory/p/memory.stat", "inactive_file 1\ntotal_inactive_file 300\n");
	put("cg/pids/p/pids.current", "3\n");
	put("cg/pids/p/pids.max", "512\n");
	put("cg/blkio/p/blkio.throttle.io_service_bytes",
	    "8:0 Read 4096\n8:0 Write 8192\n8:16 Read 4\n8:0 Sync 9\nTotal 12288\n");
	u = look();
	CHECK(u.known == 31);
	CHECK(u.cpu_ns == 123456789);
	CHECK(u.memory == 700 && u.memory_limit == 0);
	CHECK(u.pids == 3 && u.pids_limit == 512);
	CHECK(u.block_read == 4100 && u.block_written == 8192);
	CHECK(u.net_received == 1508 && u.net_sent == 2504);
}

TEST(version_2)
{
	struct usage u;

	begin();
	put("proc/7/cgroup", "0::/user.slice/p\n");
	put("cg/user.slice/p/cpu.stat", "usage_usec 5000\nuser_usec 1\n");
	put("cg/user.slice/p/memory.current", "4096\n");
	put("cg/user.slice/p/memory.max", "65536\n");
	put("cg/user.slice/p/memory.stat", "anon 1\ninactive_file 96\n");
	put("cg/user.slice/p/pids.current", "1\n");
	put("cg/user.slice/p/pids.max", "max\n");
	put("cg/user.slice/p/io.stat", "8:0 rbytes=10 wbytes=20 rios=1\n8:16 rbytes=1 wbytes=2\n");
	u = look();
	CHECK(u.known == 31);
	CHECK(u.cpu_ns == 5000000);
	CHECK(u.memory == 4000 && u.memory_limit == 65536);
	CHECK(u.pids == 1 && u.pids_limit == 0);
	CHECK(u.block_read == 11 && u.block_written == 22);
}

TEST(none)
{
	begin();
	put("proc/7/cgroup", "0::/\n");
	CHECK(look().known == USAGE_NET);
}
