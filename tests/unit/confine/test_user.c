/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "confine/user.h"
#include "tap.h"

TAP_MAIN()

static char top[64];

static int root_with(const char *passwd, const char *group)
{
	struct err e = ERR_INIT;
	int fd;

	(void)snprintf(top, sizeof(top), "/tmp/plimsoll-user-XXXXXX");
	CHECK(mkdtemp(top) != NULL);
	fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fs_mkdir_p(fd, "etc", 0755, &e) == 0);
	if (passwd)
		CHECK(fs_write_file(fd, "etc/passwd", passwd, strlen(passwd), 0644, &e) == 0);
	if (group)
		CHECK(fs_write_file(fd, "etc/group", group, strlen(group), 0644, &e) == 0);
	return fd;
}

static void drop(int fd)
{
	(void)close(fd);
	fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fs_remove_tree(fd, top + 5, NULL) == 0);
	(void)close(fd);
}

#define PASSWD "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:Web:/var/www:/bin/sh\nbroken\n"
#define GROUP "root:x:0:\nweb:x:34:\nlog:x:40:other,web\nssl:x:41:web\n"

TEST(names_numbers_and_groups)
{
	struct err e = ERR_INIT;
	struct user u;
	int fd = root_with(PASSWD, GROUP);

	CHECK(user_resolve(fd, "", &u, &e) == 0 && u.uid == 0 && u.gid == 0);
	CHECK_STR(u.home, "/root");
	CHECK(user_resolve(fd, "web", &u, &e) == 0 && u.uid == 33 && u.gid == 34);
	CHECK(u.groups_n == 2 && u.groups[0] == 40 && u.groups[1] == 41);
	CHECK_STR(u.home, "/var/www");
	CHECK(user_resolve(fd, "33", &u, &e) == 0 && u.uid == 33 && u.gid == 34);
	CHECK(user_resolve(fd, "web:log", &u, &e) == 0 && u.gid == 40 && u.groups_n == 0);
	CHECK(user_resolve(fd, "1234:99", &u, &e) == 0 && u.uid == 1234 && u.gid == 99);
	CHECK(user_resolve(fd, "1234", &u, &e) == 0 && u.uid == 1234 && u.gid == 0);
	CHECK_STR(u.home, "/");
	CHECK(user_resolve(fd, ":log", &u, &e) == 0 && u.uid == 0 && u.gid == 40);
	CHECK(user_resolve(fd, "nobody", &u, &e) == E_NOTFOUND);
	CHECK(user_resolve(fd, "web:nogroup", &u, &e) == E_NOTFOUND);
	CHECK(user_resolve(fd, "-1", &u, &e) == E_NOTFOUND);
	CHECK(user_resolve(fd, "4294967295", &u, &e) == E_NOTFOUND); /* (uid_t)-1 */
	CHECK(user_resolve(fd, "4294967294", &u, &e) == 0 && u.uid == 4294967294U);
	drop(fd);
}

TEST(a_number_is_no_name)
{
	struct err e = ERR_INIT;
	struct user u;
	int fd = root_with("33:x:0:0::/:/\nroot:x:0:0::/:/\nweb:x:33:34::/:/\n", GROUP);

	CHECK(user_resolve(fd, "33", &u, &e) == 0 && u.uid == 33 && u.gid == 34);
	drop(fd);
}

TEST(an_image_without_etc_has_only_numbers)
{
	struct err e = ERR_INIT;
	struct user u;
	int fd = root_with(NULL, NULL);

	CHECK(user_resolve(fd, "5:6", &u, &e) == 0 && u.uid == 5 && u.gid == 6);
	CHECK(user_resolve(fd, "root", &u, &e) == E_NOTFOUND);
	drop(fd);
}

TEST(links_stay_in_the_root_and_fifos_are_refused)
{
	struct err e = ERR_INIT;
	struct user u;
	int fd = root_with(NULL, "root:x:0:\n");

	/* The host's passwd would name daemon; the root's own does not exist. */
	CHECK(symlinkat("/../../../../etc/shadow", fd, "etc/passwd") == 0);
	CHECK(user_resolve(fd, "daemon", &u, &e) == E_NOTFOUND);
	CHECK(unlinkat(fd, "etc/passwd", 0) == 0 && mkfifoat(fd, "etc/passwd", 0600) == 0);
	CHECK(user_resolve(fd, "daemon", &u, &e) == E_FORMAT);
	drop(fd);
}

TEST(files_at_the_limit_and_one_past_it)
{
	struct err e = ERR_INIT;
	struct user u;
	char *big = malloc(LIMIT_USER_FILE + 2);
	int fd;

	memset(big, 'x', LIMIT_USER_FILE + 1);
	big[LIMIT_USER_FILE - 1] = '\n';
	big[LIMIT_USER_FILE] = '\0';
	fd = root_with(big, NULL);
	CHECK(user_resolve(fd, "7", &u, &e) == 0 && u.uid == 7);
	drop(fd);
	big[LIMIT_USER_FILE] = 'y';
	big[LIMIT_USER_FILE + 1] = '\0';
	fd = root_with(big, NULL);
	CHECK(user_resolve(fd, "7", &u, &e) == E_FORMAT);
	drop(fd);
	free(big);
}
