/* SPDX-License-Identifier: Apache-2.0 */
/* --chmod: octal and symbolic, by the examples of POSIX and of the Dockerfile reference. */
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "dockerfile/mode.h"
#include "tap.h"

TAP_MAIN()

enum { BAD = 070000 };

static mode_t of(const char *s, mode_t st_mode)
{
	struct mode_change c;
	struct err e = ERR_INIT;

	return mode_parse(s, &c, &e) < 0 ? (mode_t)BAD : mode_apply(&c, st_mode);
}

TEST(octal)
{
	CHECK(of("755", S_IFREG | 0600) == 0755);
	CHECK(of("0", S_IFREG | 07777) == 0);
	CHECK(of("04755", S_IFREG) == 04755 && of("7777", S_IFDIR) == 07777);
	CHECK(of("000000755", S_IFREG) == 0755);
	CHECK(of("10000", 0) == BAD && of("8", 0) == BAD && of("75x", 0) == BAD);
	CHECK(of("77777777777777777777777777", 0) == BAD);
}

TEST(symbolic)
{
	CHECK(of("u=rwX,go=rX", S_IFREG | 0600) == 0644);
	CHECK(of("u=rwX,go=rX", S_IFREG | 0710) == 0755);
	CHECK(of("u=rwX,go=rX", S_IFDIR | 0700) == 0755);
	CHECK(of("g=u", S_IFREG | 0640) == 0660 && of("g=u", S_IFREG | 02640) == 0660);
	CHECK(of("go-w", S_IFREG | 0666) == 0644 && of("a+x", S_IFREG | 0644) == 0755);
	CHECK(of("+x", S_IFREG | 0644) == 0755 && of("=r", S_IFREG | 0777) == 0444);
	CHECK(of("=", S_IFREG | 0777) == 0 && of("u=", S_IFREG | 04777) == 0077);
	CHECK(of("u+s", S_IFREG | 0755) == 04755 && of("g+s", S_IFREG | 0755) == 02755);
	CHECK(of("+t", S_IFDIR | 0777) == 01777 && of("o-t", S_IFDIR | 01777) == 0777);
	CHECK(of("u=rw+x-w", S_IFREG | 0) == 0500 && of("o=g-w,u=o", S_IFREG | 0660) == 0464);
	CHECK(of("ugo=r,ug+w", S_IFREG | 0) == 0664);
	/* X asks for the mode as it came. */
	CHECK(of("a-x,u+X", S_IFREG | 0755) == 0744);
	CHECK(of("-X", S_IFREG | 0644) == 0644 && of("-X", S_IFREG | 0744) == 0644);
}

TEST(malformed)
{
	static const char *const bad[] = { "",	   "u",	   "rwx", "u=rwz", "u=r,", ",u=r",
					   "u=rg", "u=gr", "9",	  "u=r g", "u~r",  "-1x",
					   "z+x",  "+x ",  " +x", "u=uu",  "u+7",  "0x1" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(of(bad[i], S_IFREG | 0644) == BAD);
		if (of(bad[i], S_IFREG | 0644) != BAD)
			printf("# %s\n", bad[i]);
	}
}

TEST(limit)
{
	char s[4 * LIMIT_MODE_ACTIONS + 8] = "";

	for (size_t i = 0; i < LIMIT_MODE_ACTIONS; i++)
		(void)stpcpy(s + strlen(s), i ? ",+x" : "+x");
	CHECK(of(s, S_IFREG | 0644) == 0755);
	(void)stpcpy(s + strlen(s), "+x");
	CHECK(of(s, S_IFREG | 0644) == BAD);
}
