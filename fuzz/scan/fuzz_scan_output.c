/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever text an SBOM has goes into every format; the SBOMs that we write of it are read again,
 * as the very packages. */
#include <stdint.h>

#include "scan/output/output.h"
#include "scan/sbom/sbom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_again(const json_t *list, json_t *sbom)
{
	auto_buf text = BUF_INIT(SIZE_MAX);
	auto_json *doc = NULL;
	struct err e = ERR_INIT;

	if (json_canonical(sbom, &text, &e) < 0)
		__builtin_trap();
	if (sbom_parse((struct str){ text.p, text.n }, &doc, &e) < 0 ||
	    json_array_size(json_object_get(json_object_get(doc, "list"), "packages")) !=
		    json_array_size(json_object_get(list, "packages")))
		__builtin_trap();
}

/* No text can end what it stands in. */
static void check_markup(const struct buf *b)
{
	static const char evil[] = "<fuzz";

	if (b->n && memmem(b->p, b->n, evil, sizeof(evil) - 1))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct subject s = { .name = "a/b:1", .arch = "amd64" };
	auto_json *doc = NULL, *spdx = NULL, *cyclonedx = NULL, *sarif = NULL;
	auto_buf html = BUF_INIT(SIZE_MAX), junit = BUF_INIT(SIZE_MAX);
	struct err e = ERR_INIT;
	struct report report = { .has_advisories = true };

	if (sbom_parse((struct str){ (const char *)data, size }, &doc, &e) < 0)
		return 0;
	report.list = json_object_get(doc, "list");
	if (output_spdx(&s, report.list, &spdx, &e) == 0)
		read_again(report.list, spdx);
	if (output_cyclonedx(&s, report.list, NULL, &cyclonedx, &e) == 0)
		read_again(report.list, cyclonedx);
	(void)output_sarif(&s, &report, &sarif, &e);
	if (output_html(&s, &report, &html, &e) == 0)
		check_markup(&html);
	if (output_junit(&s, &report, &junit, &e) == 0)
		check_markup(&junit);
	return 0;
}
