/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/output/internal.h"

/* By the beginning of an id: who gave it, and the page on which he tells of it. */
static const struct {
	const char *prefix, *publisher, *url;
	bool whole; /* the url ends in the whole id, else in what follows the prefix */
} publishers[] = {
	{ "CVE-", "NVD", "https://nvd.nist.gov/vuln/detail/", true },
	{ "GHSA-", "GitHub", "https://github.com/advisories/", true },
	{ "DSA-", "Debian", "https://security-tracker.debian.org/tracker/", true },
	{ "DLA-", "Debian", "https://security-tracker.debian.org/tracker/", true },
	{ "DTSA-", "Debian", "https://security-tracker.debian.org/tracker/", true },
	{ "TEMP-", "Debian", "https://security-tracker.debian.org/tracker/", true },
	{ "DEBIAN-CVE-", "Debian", "https://security-tracker.debian.org/tracker/CVE-", false },
	{ "RHSA-", "Red Hat", "https://access.redhat.com/errata/", true },
	{ "RHBA-", "Red Hat", "https://access.redhat.com/errata/", true },
	{ "RHEA-", "Red Hat", "https://access.redhat.com/errata/", true },
	{ "USN-", "Ubuntu", "https://ubuntu.com/security/notices/", true },
	{ "UBUNTU-CVE-", "Ubuntu", "https://ubuntu.com/security/CVE-", false },
	{ "ALPINE-CVE-", "Alpine", "https://security.alpinelinux.org/vuln/CVE-", false },
	{ "GO-", "Go", "https://pkg.go.dev/vuln/", true },
	{ "ALSA-", "AlmaLinux", "https://osv.dev/vulnerability/", true },
	{ "ALBA-", "AlmaLinux", "https://osv.dev/vulnerability/", true },
	{ "ALEA-", "AlmaLinux", "https://osv.dev/vulnerability/", true },
	{ "RLSA-", "Rocky Linux", "https://osv.dev/vulnerability/", true },
	{ "RXSA-", "Rocky Linux", "https://osv.dev/vulnerability/", true },
	{ "SUSE-", "SUSE", "https://osv.dev/vulnerability/", true },
	{ "openSUSE-", "openSUSE", "https://osv.dev/vulnerability/", true },
	{ "BIT-", "Bitnami", "https://osv.dev/vulnerability/", true },
	{ "PYSEC-", "PyPA", "https://osv.dev/vulnerability/", true },
	{ "RUSTSEC-", "RustSec", "https://rustsec.org/advisories/", true },
};

/* Letters, digits and "-_.:" only: then an id can stand in a URL as it is. */
static bool safe_id(const char *id)
{
	return strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:") ==
	       strlen(id);
}

void advisory_url(const char *id, struct buf *ret)
{
	for (size_t i = 0; i < sizeof(publishers) / sizeof(*publishers) && safe_id(id); i++)
		if (starts_with(id, publishers[i].prefix)) {
			buf_printf(ret, "%s%s", publishers[i].url,
				   publishers[i].whole ? id : id + strlen(publishers[i].prefix));
			return;
		}
}

const char *advisory_publisher(const char *id)
{
	for (size_t i = 0; i < sizeof(publishers) / sizeof(*publishers); i++)
		if (starts_with(id, publishers[i].prefix))
			return publishers[i].publisher;
	return "";
}

const char *cvss_method(const char *vector)
{
	if (starts_with(vector, "CVSS:4."))
		return "CVSSv4";
	if (starts_with(vector, "CVSS:3.1/"))
		return "CVSSv31";
	if (starts_with(vector, "CVSS:3."))
		return "CVSSv3";
	return starts_with(vector, "AV:") || starts_with(vector, "(AV:") ? "CVSSv2" : NULL;
}
