/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parent makes of what it did not read itself: {"layers":[{PATH:{…}},…]} are the lists of
 * two layers, as a child in the sandbox or the cache gives them, anything else a package list as an
 * attestation or an SBOM's reader gives it. It is merged, matched, shown in every format.
 */
#include "oci/image.h"
#include "scan/advisory/db.h"
#include "scan/advisory/record.h"
#include "scan/explain.h"
#include "scan/layer_list.h"
#include "scan/output/output.h"
#include "state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LAYERS = 2 };
static struct store *store;
static struct desc image, layers[LAYERS];
static struct digest diff_ids[LAYERS];

static void put_unit(struct advisory_build *b, const char *name, const char *ecosystem,
		     const char *package)
{
	auto_json *unit = json_pack("{ss ss si ss s[s] s[[ss]] s[{ss ss s[[ssss]] s[] si si ss}]}",
				    "unit", name, "source", "x", "modified", 1000, "title", "t<&\"",
				    "ecosystems", ecosystem, "ids", "CVE-2024-1", name, "rows", "e",
				    ecosystem, "p", package, "r", "i", "0", "f", "2-1", "v", "s", 3,
				    "c", 75, "vec", "CVSS:3.1/AV:N");
	auto_buf record = BUF_INIT(1 << 20);
	struct err e = ERR_INIT;
	struct unpack u;

	if (!unit || record_of_unit(unit, &record, &e) < 0)
		abort();
	u = unpack_of((struct str){ record.p, record.n });
	if (advisory_build_record(b, unpack_block(&u), &e) < 0)
		abort();
}

static void make_db(void)
{
	auto_release(advisory_build_free) struct advisory_build *b = NULL;
	struct err e = ERR_INIT;
	bool changed;

	if (advisory_build_begin(&b, &fuzz_state, 6000, &e) < 0)
		abort();
	put_unit(b, "DSA-1-1", "Debian:12", "openssl");
	put_unit(b, "DSA-2-1", "Debian:12", "linux");
	put_unit(b, "GO-1", "Go", "stdlib");
	put_unit(b, "ALPINE-1", "Alpine:v3.20", "musl");
	put_unit(b, "ALSA-1", "AlmaLinux:9", "nodejs");
	if (advisory_build_commit(b, &changed, &e) < 0)
		abort();
}

static void make_image(void)
{
	auto_json *config = json_pack("{ss ss s{ss s[]}}", "architecture", "amd64", "os", "linux",
				      "rootfs", "type", "layers", "diff_ids");
	json_t *ids = json_object_get(json_object_get(config, "rootfs"), "diff_ids");
	struct err e = ERR_INIT;

	for (size_t i = 0; i < LAYERS; i++) {
		desc_of("application/vnd.oci.image.layer.v1.tar", &i, 1 + i, &layers[i]);
		digest_of(&i, 3 + i, &diff_ids[i]);
		(void)json_push(ids, json_string(diff_ids[i].s), NULL);
	}
	if (store_open(&store, &fuzz_state, &e) < 0 ||
	    image_write(store, config, layers, LAYERS, NULL, &image, &e) < 0 ||
	    fs_mkdir_p(fuzz_state.fd, "cache/packages", 0700, &e) < 0)
		abort();
}

static void begin(void)
{
	fuzz_state_begin();
	make_db();
	make_image();
}

/* Puts a layer's list, with nothing hidden and nothing owned, where scan_packages() finds it. */
static void keep_list(size_t i, json_t *files)
{
	static const char header[2][32] = { "plimsoll.marks/1", "plimsoll.owned/1" };
	auto_json *doc = json_pack("{ss sO si si}", "schema", LAYER_LIST_SCHEMA, "files", files,
				   "marks", 32, "owned", 32);
	auto_buf text = BUF_INIT(SIZE_MAX);
	struct err e = ERR_INIT;
	char name[300];

	if (!doc || json_canonical(doc, &text, &e) < 0)
		return;
	for (int part = 0; part < 3; part++) {
		static const char *const suffixes[] = { "marks", "owned", "json" };

		(void)snprintf(name, sizeof(name), "cache/packages/%s-%s.%s",
			       digest_hex(&layers[i].digest), digest_hex(&diff_ids[i]),
			       suffixes[part]);
		(void)fuzz_state_write(name, part == 2 ? text.p : header[part],
				       part == 2 ? text.n : 32);
	}
}

/* A document of ours can always be written down. */
static void check(int r, json_t **doc, struct err *e)
{
	auto_buf text = BUF_INIT(SIZE_MAX);

	if (r < 0 && !e->msg[0])
		__builtin_trap();
	if (r == 0 && json_canonical(*doc, &text, e) < 0)
		__builtin_trap();
	json_release(doc);
}

static void show(const struct report *report)
{
	const struct subject s = { .name = "a/b:1", .arch = "amd64" };
	const struct gate gate = { .fail_on = SEVERITY_HIGH };
	auto_buf html = BUF_INIT(SIZE_MAX), junit = BUF_INIT(SIZE_MAX);
	auto_strv notes = { 0 };
	struct err e = ERR_INIT;
	json_t *doc = NULL;
	size_t n;

	check(report_json(report, &doc, &e), &doc, &e);
	check(output_spdx(&s, report->list, &doc, &e), &doc, &e);
	check(output_cyclonedx(&s, report->list, report, &doc, &e), &doc, &e);
	check(output_sarif(&s, report, &doc, &e), &doc, &e);
	check(scan_explain(&fuzz_state, report->list, "CVE-2024-1", &doc, &e), &doc, &e);
	(void)output_html(&s, report, &html, &e);
	(void)output_junit(&s, report, &junit, &e);
	(void)report_notes(report, &notes, &e);
	(void)scan_gate(report, &gate, &n, &e);
	for (size_t i = 0; i < report->findings_n; i++) {
		(void)report_layer(report, &report->findings[i]);
		(void)report_instruction(report, &report->findings[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_json *doc = NULL, *list = NULL;
	auto_report report = { 0 };
	struct err e = ERR_INIT;
	json_t *both;

	if (!store)
		begin();
	if (json_parse((const char *)data, size, "fuzz", &doc, &e) < 0)
		return 0;
	both = json_object_get(doc, "layers");
	if (json_object_size(doc) == 1 && json_array_size(both) == LAYERS) {
		for (size_t i = 0; i < LAYERS; i++)
			if (!json_is_object(json_array_get(both, i)))
				return 0;
		for (size_t i = 0; i < LAYERS; i++)
			keep_list(i, json_array_get(both, i));
		if (scan_packages(&fuzz_state, store, &image, NULL, &list, &e) < 0)
			return 0;
	} else
		list = json_incref(doc);
	if (scan_match(&fuzz_state, list, &report, &e) == 0)
		show(&report);
	return 0;
}
