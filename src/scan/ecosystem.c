/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/ecosystem.h"

/* The repositories of RHEL 7 to 10, as the CPEs of its advisories end. */
static const char *const red_hat_repositories[] = {
	"baseos", "appstream", "crb",	      "highavailability", "resilientstorage",
	"nfv",	  "realtime",  "sap",	      "sap_hana",	  "supplementary",
	"server", "client",    "computenode", "workstation",
};

/* Modules of SUSE Linux Enterprise 15 that container images take packages from. */
static const char *const suse_modules[] = {
	"Basesystem",
	"Server Applications",
	"Development Tools",
	"Containers",
	"Web and Scripting",
	"Legacy",
	"Python 3",
	"Public Cloud",
	"Desktop Applications",
	"Certifications",
	"HPC",
};

enum { RED_HAT_MINORS = 11 }; /* from RHEL 10 on, the CPE of the base has the minor release */

static int red_hat(const char *ecosystem, const char *release, struct strv *ret, struct err *e)
{
	uint64_t major;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(red_hat_repositories) / sizeof(char *); i++)
		r = strv_addf(ret, e, "%s::%s", ecosystem, red_hat_repositories[i]);
	if (str_u64(str_of(release), 1000, &major, NULL) < 0 || major < 10)
		return r;
	for (int i = 0; r == 0 && i < RED_HAT_MINORS; i++)
		r = strv_addf(ret, e, "%s.%d", ecosystem, i);
	return r;
}

/* "Server 15 SP5", with its long-term support, and the modules of the same release. */
static int suse(const char *ecosystem, struct strv *ret, struct err *e)
{
	const char *release = ecosystem + strcspn(ecosystem, "0123456789");
	int r = strv_addf(ret, e, "%s-LTSS", ecosystem);

	for (size_t i = 0; r == 0 && *release && i < sizeof(suse_modules) / sizeof(char *); i++)
		r = strv_addf(ret, e, "SUSE:Linux Enterprise Module for %s %s", suse_modules[i],
			      release);
	return r;
}

int ecosystem_names(const char *ecosystem, struct strv *ret, struct err *e)
{
	static const char rhel[] = "Red Hat:enterprise_linux:";
	int r = strv_add(ret, ecosystem, e);

	if (r == 0 && starts_with(ecosystem, "Ubuntu:"))
		r = strv_addf(ret, e, "%s:LTS", ecosystem);
	if (r == 0 && starts_with(ecosystem, rhel))
		r = red_hat(ecosystem, ecosystem + strlen(rhel), ret, e);
	if (r == 0 && starts_with(ecosystem, "SUSE:"))
		r = suse(ecosystem, ret, e);
	if (r == 0 && strchr(ecosystem, ':'))
		r = strv_addf(ret, e, "%.*s", (int)strcspn(ecosystem, ":"), ecosystem);
	return r;
}

enum ecosystem_naming ecosystem_naming(const char *ecosystem)
{
	static const struct {
		const char *family;
		enum ecosystem_naming naming;
	} families[] = {
		{ "AlmaLinux", NAMES_PACKAGES },
		{ "Amazon Linux", NAMES_PACKAGES },
		{ "Arch Linux", NAMES_PACKAGES },
		{ "Fedora", NAMES_PACKAGES },
		{ "Oracle Linux", NAMES_PACKAGES },
		{ "Photon OS", NAMES_PACKAGES },
		{ "Azure Linux", NAMES_BOTH },
		{ "Red Hat", NAMES_BOTH },
		{ "Rocky Linux", NAMES_BOTH },
		{ "openEuler", NAMES_BOTH },
		/* A record for each package that a source makes, some for the source. */
		{ "Wolfi", NAMES_BOTH },
		{ "Chainguard", NAMES_BOTH },
		{ "MinimOS", NAMES_BOTH },
	};
	size_t n = strcspn(ecosystem, ":");

	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		if (strlen(families[i].family) == n &&
		    strncmp(ecosystem, families[i].family, n) == 0)
			return families[i].naming;
	return NAMES_SOURCES;
}
