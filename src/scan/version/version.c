/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/version/version.h"

static const struct version_order dpkg = { "dpkg", version_dpkg_compare, version_dpkg_valid };
static const struct version_order apk = { "apk", version_apk_compare, version_apk_valid };

static const struct {
	const char *ecosystem; /* before the first ":" */
	const struct version_order *order;
} orders[] = {
	{ "Debian", &dpkg }, { "Ubuntu", &dpkg },    { "Alpine", &apk },
	{ "Wolfi", &apk },   { "Chainguard", &apk }, { "Alpaquita", &apk },
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
