/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "crypto/digest.h"
#include "crypto/sha256_small.h"
#include "tap.h"

/* Around what is read at once, of a small file and of a large one. */
TEST(files_of_every_size)
{
	static const size_t sizes[] = { 0,     1,      4095,   16383,  16384,  16385,
					32768, 147455, 147456, 147457, 278528, 300000 };
	auto_free char *bytes = malloc(300000);

	CHECK(bytes);
	for (size_t i = 0; i < 300000; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		auto_close int fd = memfd_create("bytes", MFD_CLOEXEC);
		struct err e = ERR_INIT;
		struct digest got, want;
		uint64_t n = 1;

		CHECK(fd >= 0 && fs_write_all(fd, bytes, sizes[i], &e) == 0);
		digest_of(bytes, sizes[i], &want);
		CHECK(digest_of_fd(fd, &got, &n, &e) == 0 && n == sizes[i] &&
		      digest_eq(&got, &want));
	}
}

/* What is hashed without OpenSSL: every length around a block and around the limit, as it hashes
 * it.
 */
TEST(small_ones_as_openssl)
{
	unsigned char bytes[SHA256_SMALL + 100], got[SHA256_LEN], want[SHA256_LEN];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 31 + i / 253);
	for (size_t n = 0; n < sizeof(bytes); n += n < 300 || n > SHA256_SMALL - 70 ? 1 : 61) {
		CHECK(EVP_Digest(bytes, n, want, NULL, EVP_sha256(), NULL) == 1);
		sha256_small(bytes, n, got);
		CHECK(memcmp(got, want, SHA256_LEN) == 0);
		sha256_once(bytes, n, got);
		CHECK(memcmp(got, want, SHA256_LEN) == 0);
	}
}

TEST(a_folder_is_an_error)
{
	auto_close int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err e = ERR_INIT;
	struct digest got;

	CHECK(fd >= 0 && digest_of_fd(fd, &got, NULL, &e) == E_SYSTEM);
}

TAP_MAIN()
