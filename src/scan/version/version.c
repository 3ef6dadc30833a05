/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/version/version.h"

static const struct version_order dpkg = { "dpkg", version_dpkg_compare, version_dpkg_valid };
static const struct version_order apk = { "apk", version_apk_compare, version_apk_valid };

static const struct version_order rpm = { "rpm", version_rpm_compare, version_rpm_valid };
static const struct version_order pacman = { "pacman", version_pacman_compare,
					     version_pacman_valid };
static const struct version_order go = { "go", version_go_compare, version_go_valid };
static const struct version_order kernel = { "kernel", version_linux_compare, version_linux_valid };

static const struct {
	const char *ecosystem; /* before the first ":" */
	const struct version_order *order;
} orders[] = {
	{ "Debian", &dpkg },	  { "Ubuntu", &dpkg },	     { "Alpine", &apk },
	{ "Wolfi", &apk },	  { "Chainguard", &apk },    { "Alpaquita", &apk },
	{ "AlmaLinux", &rpm },	  { "Amazon Linux", &rpm },  { "Azure Linux", &rpm },
	{ "CentOS", &rpm },	  { "Fedora", &rpm },	     { "Mageia", &rpm },
	{ "Oracle Linux", &rpm }, { "Photon OS", &rpm },     { "Red Hat", &rpm },
	{ "Rocky Linux", &rpm },  { "SUSE", &rpm },	     { "openEuler", &rpm },
	{ "openSUSE", &rpm },	  { "Arch Linux", &pacman }, { "Go", &go },
	{ "Linux", &kernel },
};

const struct version_order *version_order_of(struct str ecosystem)
{
	const char *colon = memchr(ecosystem.p, ':', ecosystem.n);

	if (colon)
		ecosystem.n = (size_t)(colon - ecosystem.p);
	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++)
		if (str_eqz(ecosystem, orders[i].ecosystem))
			return orders[i].order;
	return NULL;
}
