/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "run/root/rootfs.h"
#include "tap.h"

TAP_MAIN()

static char top[64];

static int set_up(void)
{
	(void)snprintf(top, sizeof(top), "/tmp/plimsoll-root-XXXXXX");
	CHECK(mkdtemp(top) != NULL);
	return open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void tear_down(int fd)
{
	auto_close int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)close(fd);
	CHECK(fs_remove_tree(tmp, top + 5, NULL) == 0);
}

TEST(missing_folders_are_made_and_taken_away_again)
{
	auto_strv made = { 0 };
	struct err e = ERR_INIT;
	int fd = set_up();

	CHECK(mkdirat(fd, "etc", 0755) == 0);
	CHECK(rootfs_folder(fd, "/a/b/c", &made, &e) == 0 && made.n == 3);
	CHECK(rootfs_file(fd, "/etc/hosts", false, &made, &e) == 0 && made.n == 4);
	CHECK(rootfs_folder(fd, "/etc", &made, &e) == 0 && made.n == 4);
	CHECK(fs_write_file(fd, "a/b/kept", "x", 1, 0644, &e) == 0);
	rootfs_undo(fd, &made);
	CHECK(!fs_exists(fd, "a/b/c") && fs_exists(fd, "a/b/kept"));
	CHECK(fs_exists(fd, "etc") && !fs_exists(fd, "etc/hosts"));
	tear_down(fd);
}

TEST(links_in_the_way_are_refused)
{
	struct err e = ERR_INIT;
	int fd = set_up();

	CHECK(symlinkat("/tmp", fd, "dev") == 0 && symlinkat("etc2", fd, "etc") == 0);
	CHECK(mkdirat(fd, "etc2", 0755) == 0 && symlinkat("x", fd, "etc2/hosts") == 0);
	CHECK(fs_write_file(fd, "proc", "x", 1, 0644, &e) == 0);
	CHECK(rootfs_folder(fd, "/dev", NULL, &e) == E_POLICY);
	CHECK(rootfs_folder(fd, "/dev/shm", NULL, &e) == E_POLICY);
	CHECK(rootfs_folder(fd, "/proc", NULL, &e) == E_POLICY);
	CHECK(rootfs_file(fd, "/etc/hosts", true, NULL, &e) == E_POLICY);
	CHECK(rootfs_file(fd, "/etc2/hosts", false, NULL, &e) == E_POLICY);
	CHECK(rootfs_file(fd, "/etc2/hosts", true, NULL, &e) == 0);
	CHECK(rootfs_folder(fd, "/a/../../b", NULL, &e) == E_USAGE);
	tear_down(fd);
}

TEST(targets_of_the_user_follow_links_within_the_root)
{
	auto_free char *real = NULL, *made = NULL, *file = NULL, *none = NULL;
	struct err e = ERR_INIT;
	int fd = set_up();

	CHECK(mkdirat(fd, "run", 0755) == 0 && mkdirat(fd, "var", 0755) == 0);
	CHECK(symlinkat("/run", fd, "var/run") == 0 && symlinkat("/proc", fd, "p") == 0);
	CHECK(mkdirat(fd, "proc", 0755) == 0);
	CHECK(rootfs_target(fd, "/var/run", true, NULL, &real, &e) == 0);
	CHECK_STR(real, "/run");
	CHECK(rootfs_target(fd, "/srv/data", true, NULL, &made, &e) == 0);
	CHECK_STR(made, "/srv/data");
	CHECK(rootfs_target(fd, "/srv/f", false, NULL, &file, &e) == 0);
	CHECK(rootfs_target(fd, "/srv/data", false, NULL, &none, &e) == E_USAGE);
	CHECK(rootfs_target(fd, "/p", true, NULL, &none, &e) == E_POLICY);
	CHECK(rootfs_target(fd, "/", true, NULL, &none, &e) == E_USAGE);
	CHECK(rootfs_target(fd, "rel", true, NULL, &none, &e) == E_USAGE);
	tear_down(fd);
}

TEST(working_folders)
{
	struct err e = ERR_INIT;
	int fd = set_up();

	CHECK(fs_mkdir_p(fd, "proc/self/fd/7", 0755, &e) == 0 && mkdirat(fd, "srv", 0755) == 0);
	CHECK(symlinkat("/proc/self/fd/7", fd, "sly") == 0);
	CHECK(rootfs_check_cwd(fd, "/", &e) == 0 && rootfs_check_cwd(fd, "/srv", &e) == 0);
	CHECK(rootfs_check_cwd(fd, "/nosuch", &e) == E_FORMAT);
	CHECK(rootfs_check_cwd(fd, "/proc/self/fd/7", &e) == E_POLICY);
	CHECK(rootfs_check_cwd(fd, "/sly", &e) == E_POLICY);
	CHECK(rootfs_check_cwd(fd, "/proc/self/fd/8", &e) == E_FORMAT);
	tear_down(fd);
}

TEST(programs_are_found_as_execvp_would)
{
	struct err e = ERR_INIT;
	int fd = set_up();

	CHECK(mkdirat(fd, "bin", 0755) == 0 && mkdirat(fd, "sbin", 0755) == 0);
	CHECK(fs_write_file(fd, "bin/x", "#!/bin/x", 8, 0755, &e) == 0);
	CHECK(fs_write_file(fd, "sbin/x", "x", 1, 0644, &e) == 0);
	CHECK(fs_write_file(fd, "bin/plain", "x", 1, 0644, &e) == 0);
	CHECK(fs_write_file(fd, "bin/elf", "\177ELF", 4, 0755, &e) == 0);
	CHECK(fs_write_file(fd, "bin/junk", "junk", 4, 0755, &e) == 0);
	CHECK(fs_write_file(fd, "bin/lost", "#! /nosuch -x\n", 14, 0755, &e) == 0);
	CHECK(rootfs_check_program(fd, "/", "elf", "/bin", &e) == 0);
	CHECK(rootfs_check_program(fd, "/", "junk", "/bin", &e) == E_POLICY);
	CHECK(rootfs_check_program(fd, "/", "lost", "/bin", &e) == E_NOTFOUND);
	CHECK(rootfs_check_program(fd, "/", "x", "/sbin:/bin", &e) == 0);
	CHECK(rootfs_check_program(fd, "/bin", "./x", "", &e) == 0);
	CHECK(rootfs_check_program(fd, "/", "plain", "/bin", &e) == E_POLICY);
	CHECK(rootfs_check_program(fd, "/", "/bin", "/bin", &e) == E_POLICY);
	CHECK(rootfs_check_program(fd, "/", "y", "/bin", &e) == E_NOTFOUND);
	CHECK(rootfs_check_program(fd, "/", "/bin/y", "/bin", &e) == E_NOTFOUND);
	tear_down(fd);
}
