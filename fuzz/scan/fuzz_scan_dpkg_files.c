/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "scan/catalog/catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is given out is a path without a "/" at its start, of a package with a name that fits. */
static int take_file(void *arg, struct str package, struct str path, struct err *e)
{
	(void)arg;
	(void)e;
	if (package.n > LIMIT_PACKAGE_FIELD || !path.n || path.n > LIMIT_PACKAGE_PATH ||
	    *path.p == '/' || memchr(path.p, '\0', path.n))
		__builtin_trap();
	return 0;
}

/* A list of dpkg's, the digests of a distroless image, and apk's database, which tells of files,
 * too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str text = { (const char *)data, size };
	auto_json *packages = json_array();
	struct catalog_out out = { .path = "var/lib/dpkg/info/libc6:amd64.list",
				   .packages = packages,
				   .file = take_file };
	struct err e = ERR_INIT;

	(void)catalog_dpkg_list(text, &out, &e);
	(void)catalog_apk_installed(text, &out, &e);
	out.path = "var/lib/dpkg/status.d/bmV0YmFzZQ==.md5sums";
	(void)catalog_dpkg_md5sums(text, &out, &e);
	if (json_array_size(packages) > size)
		__builtin_trap();
	return 0;
}
