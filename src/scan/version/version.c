/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/version/version.h"

static const struct version_order dpkg = { .name = "dpkg",
					   .compare = version_dpkg_compare,
					   .valid = version_dpkg_valid };
static const struct version_order apk = { .name = "apk",
					  .compare = version_apk_compare,
					  .valid = version_apk_valid,
					  .decided = version_apk_decided };
static const struct version_order rpm = { .name = "rpm",
					  .compare = version_rpm_compare,
					  .valid = version_rpm_valid };
static const struct version_order pacman = { .name = "pacman",
					     .compare = version_pacman_compare,
					     .valid = version_pacman_valid };
static const struct version_order go = { .name = "go",
					 .compare = version_go_compare,
					 .valid = version_go_valid };
static const struct version_order kernel = { .name = "kernel",
					     .compare = version_linux_compare,
					     .valid = version_linux_valid };

static const struct {
	const char *ecosystem; /* before the first ":" */
	const struct version_order *order;
} orders[] = {
	{ "Debian", &dpkg },
	{ "Ubuntu", &dpkg },
	{ "Alpine", &apk },
	{ "Wolfi", &apk },
	{ "Chainguard", &apk },
	{ "Alpaquita", &apk },
	{ "MinimOS", &apk },
	{ "Echo", &dpkg },
	{ "BellSoft Hardened Containers", &apk },
	{ "AlmaLinux", &rpm },
	{ "Amazon Linux", &rpm },
	{ "Azure Linux", &rpm },
	{ "CentOS", &rpm },
	{ "Fedora", &rpm },
	{ "Mageia", &rpm },
	{ "Oracle Linux", &rpm },
	{ "Photon OS", &rpm },
	{ "Red Hat", &rpm },
	{ "Rocky Linux", &rpm },
	{ "SUSE", &rpm },
	{ "openEuler", &rpm },
	{ "openSUSE", &rpm },
	{ "Arch Linux", &pacman },
	{ "Go", &go },
	{ "Linux", &kernel },
};

const struct version_order *version_order_of(struct str ecosystem)
{
	const char *colon = ecosystem.n ? memchr(ecosystem.p, ':', ecosystem.n) : NULL;

	if (colon)
		ecosystem.n = (size_t)(colon - ecosystem.p);
	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++)
		if (str_eqz(ecosystem, orders[i].ecosystem))
			return orders[i].order;
	return NULL;
}

bool version_comparable(const struct version_order *order, struct str a, struct str b)
{
	return (order->valid(a) && order->valid(b)) || str_eq(a, b) ||
	       (order->decided && order->decided(a, b));
}
