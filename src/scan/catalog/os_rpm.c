/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/catalog.h"

/*
 * The ecosystems of distributions of rpm packages (and Arch Linux): OSV's names where OSV has them
 * (its schema, "Defined ecosystems"), and names of the same make where it has none: Amazon Linux,
 * Fedora, Oracle Linux, Arch Linux.
 */
enum release { NONE, MAJOR, FULL };

static const struct {
	const char *id, *ecosystem;
	enum release release;
} distributions[] = {
	{ "almalinux", "AlmaLinux", MAJOR },
	{ "amzn", "Amazon Linux", FULL },
	{ "arch", "Arch Linux", NONE },
	{ "azurelinux", "Azure Linux", MAJOR },
	{ "mariner", "Azure Linux", MAJOR }, /* CBL-Mariner 2 */
	{ "fedora", "Fedora", MAJOR },
	{ "mageia", "Mageia", MAJOR },
	{ "ol", "Oracle Linux", MAJOR },
	{ "photon", "Photon OS", FULL },
	{ "rocky", "Rocky Linux", MAJOR },
	{ "opensuse-leap", "openSUSE:Leap ", FULL },
	{ "opensuse", "openSUSE:Leap ", FULL }, /* Leap 42 */
	{ "opensuse-tumbleweed", "openSUSE:Tumbleweed", NONE },
	{ "rhel", "Red Hat:enterprise_linux", MAJOR },
	/* Built of the same sources, with the same versions: Red Hat's advisories speak of it. */
	{ "centos", "Red Hat:enterprise_linux", MAJOR },
};

/* SUSE's products are told apart by what follows "SUSE " in PRETTY_NAME. */
static const char *const suse_ids[] = { "sles",	   "sled",	"sles_sap",
					"sle_hpc", "sle-micro", "sl-micro" };

static bool is_suse(const char *id)
{
	for (size_t i = 0; i < sizeof(suse_ids) / sizeof(*suse_ids); i++)
		if (strcmp(id, suse_ids[i]) == 0)
			return true;
	return false;
}

/* "openEuler 24.03 (LTS-SP1)" is openEuler:24.03-LTS-SP1. */
static void open_euler(const char *version, const char *name, struct buf *ret)
{
	const char *lts = name ? strstr(name, "LTS") : NULL;

	buf_printf(ret, "openEuler:%s", version);
	if (lts)
		buf_printf(ret, "-%.*s", (int)strspn(lts, "LTS-P0123456789"), lts);
}

void os_rpm_ecosystem(const json_t *os, struct buf *ret)
{
	const char *id = json_string_or_null(os, "id");
	const char *version = json_string_or_null(os, "version_id");
	const char *name = json_string_or_null(os, "name");

	if (!id)
		return;
	if (version && !*version)
		version = NULL;
	if (is_suse(id) && name && starts_with(name, "SUSE ") && name[5])
		buf_printf(ret, "SUSE:%s", name + 5);
	if (strcmp(id, "openEuler") == 0 && version)
		open_euler(version, name, ret);
	for (size_t i = 0; i < sizeof(distributions) / sizeof(*distributions); i++) {
		const char *eco = distributions[i].ecosystem;

		if (strcmp(id, distributions[i].id) != 0)
			continue;
		if (distributions[i].release == NONE)
			buf_puts(ret, eco);
		else if (version)
			buf_printf(ret, "%s%s%.*s", eco, ends_with(eco, " ") ? "" : ":",
				   distributions[i].release == MAJOR ? (int)strcspn(version, ".")
								     : (int)strlen(version),
				   version);
	}
}
