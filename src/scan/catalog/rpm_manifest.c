/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/rpm.h"

/*
 * What images without rpm have in place of its database (Azure Linux and CBL-Mariner, distroless):
 * one package a line, fields separated by tabs: name, version-release, times of installation and
 * build, vendor, "(none)" or the epoch, size, architecture, the epoch as a number, source package.
 */
enum { NAME, VERSION, EPOCH = 8, ARCH = 7, SOURCE = 9, FIELDS = 10 };

static int read_line(struct str line, struct catalog_out *out, struct err *e)
{
	struct rpm_header h = { .blob = STR("") };
	struct str fields[FIELDS + 1];
	const char *dash;
	size_t n = 0;
	int r = 0;

	while (n <= FIELDS && str_cut(&line, '\t', &fields[n]))
		n++;
	if (n != FIELDS)
		return FAIL(e, E_FORMAT, "%zu fields, not %d", n, FIELDS);
	dash = fields[VERSION].n ? memrchr(fields[VERSION].p, '-', fields[VERSION].n) : NULL;
	if (!fields[NAME].n || !dash || dash == fields[VERSION].p)
		return FAIL(e, E_FORMAT, "no name, or no version and release");
	h.name = fields[NAME];
	h.version = (struct str){ fields[VERSION].p, (size_t)(dash - fields[VERSION].p) };
	h.release = (struct str){ dash + 1, fields[VERSION].n - h.version.n - 1 };
	if (!h.release.n)
		return FAIL(e, E_FORMAT, "no release");
	h.arch = fields[ARCH];
	h.source_rpm = fields[SOURCE];
	if (!str_eqz(fields[EPOCH], "(none)"))
		r = str_u64(fields[EPOCH], UINT32_MAX, &h.epoch, e);
	if (r < 0)
		return WRAP(e, r, "the epoch");
	return str_eqz(h.name, "gpg-pubkey") ? 0 : rpm_add(out, &h, e);
}

int catalog_rpm_manifest(struct str text, struct catalog_out *out, struct err *e)
{
	size_t first = json_array_size(out->packages), line_no = 0;
	struct str line;

	while (str_line(&text, &line)) {
		int r = line.n ? read_line(line, out, e) : 0;

		line_no++;
		if (r < 0)
			return WRAP(e, r, "line %zu", line_no);
	}
	return rpm_mend_epochs(out->packages, first, e);
}
