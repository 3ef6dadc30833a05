/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>

#include "oci/store.h"
#include "tap.h"

/* A fresh store in a temporary folder, removed at the end of the test. */
struct fixture {
	char dir[64];
	struct state state;
	struct store *store;
};

static void setup(struct fixture *f)
{
	struct err e = ERR_INIT;

	*f = (struct fixture){ .dir = "/tmp/plimsoll-store-XXXXXX" };
	CHECK(mkdtemp(f->dir) != NULL);
	CHECK(state_open(&f->state, f->dir, &e) == 0);
	CHECK(store_open(&f->store, &f->state, &e) == 0);
}

static void teardown(struct fixture *f)
{
	store_close(f->store);
	state_close(&f->state);

	auto_close int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(fs_remove_tree(tmp, f->dir + 5, NULL) == 0);
}

static const char manifest_text[] =
	"{\"schemaVersion\":2,\"mediaType\":\"" MT_OCI_MANIFEST
	"\",\"config\":{\"mediaType\":\"" MT_OCI_CONFIG
	"\",\"digest\":\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\","
	"\"size\":2},"
	"\"layers\":[]}";

TEST(a_named_manifest_is_found_by_name_digest_and_prefix)
{
	struct fixture f;
	struct err e = ERR_INIT;
	struct desc d, got;
	struct ref ref;
	char prefix[13] = "";

	setup(&f);
	CHECK(store_blob_put(f.store, MT_OCI_MANIFEST, manifest_text, sizeof(manifest_text) - 1, &d,
			     &e) == 0);
	CHECK(store_tag(f.store, "web:1", &d, &e) == 0);
	CHECK(store_lookup(f.store, "web:1", &ref, &got, &e) == 0 &&
	      digest_eq(&got.digest, &d.digest));
	CHECK(store_lookup(f.store, "web", &ref, &got, &e) == E_NOTFOUND);
	CHECK(e.hint[0] != '\0');
	memcpy(prefix, digest_hex(&d.digest), 12);
	CHECK(store_lookup(f.store, prefix, &ref, &got, &e) == 0 &&
	      digest_eq(&ref.digest, &d.digest));
	CHECK(store_lookup(f.store, d.digest.s, &ref, &got, &e) == 0);
	CHECK(store_untag(f.store, "web:1", &e) == 0);
	CHECK(store_untag(f.store, "web:1", &e) == E_NOTFOUND);
	teardown(&f);
}

TEST(a_changed_blob_is_refused)
{
	struct fixture f;
	struct err e = ERR_INIT;
	struct desc d;
	auto_buf b = BUF_INIT(100);
	char path[100];

	setup(&f);
	CHECK(store_blob_put(f.store, "text/plain", "hello", 5, &d, &e) == 0);
	CHECK(store_blob_read(f.store, &d, 100, &b, &e) == 0 && strcmp(buf_str(&b), "hello") == 0);
	(void)snprintf(path, sizeof(path), "blobs/sha256/%s", digest_hex(&d.digest));
	CHECK(fs_write_file(f.state.fd, path, "hellO", 5, 0644, &e) == 0);
	buf_reset(&b);
	CHECK(store_blob_read(f.store, &d, 100, &b, &e) == E_VERIFY);
	CHECK(store_blob_verify(f.store, &d, &e) == E_VERIFY);
	CHECK(fs_write_file(f.state.fd, path, "hello!", 6, 0644, &e) == 0);
	CHECK(store_blob_read(f.store, &d, 100, &b, &e) == E_VERIFY);
	teardown(&f);
}

TEST(an_unexpected_stream_leaves_nothing)
{
	struct fixture f;
	struct err e = ERR_INIT;
	struct desc want;
	struct blob_writer *w = NULL;

	setup(&f);
	desc_of("text/plain", "abc", 3, &want);
	CHECK(blob_writer_new(&w, f.store, &e) == 0);
	CHECK(blob_writer_write(w, "abd", 3, &e) == 0);
	CHECK(blob_writer_commit(w, "text/plain", &want, NULL, &e) == E_VERIFY);
	blob_writer_free(w);
	CHECK(!store_has(f.store, &want.digest, 3));
	teardown(&f);
}

TEST(gc_keeps_what_a_name_reaches)
{
	struct fixture f;
	struct err e = ERR_INIT;
	struct desc m, config, loose;
	uint64_t bytes = 0;

	setup(&f);
	CHECK(store_blob_put(f.store, MT_OCI_CONFIG, "{}", 2, &config, &e) == 0);
	CHECK(store_blob_put(f.store, MT_OCI_MANIFEST, manifest_text, sizeof(manifest_text) - 1, &m,
			     &e) == 0);
	CHECK(store_blob_put(f.store, "text/plain", "loose", 5, &loose, &e) == 0);
	CHECK(store_tag(f.store, "web:1", &m, &e) == 0);
	CHECK(store_gc(f.store, &bytes, &e) == 0 && bytes == 5);
	CHECK(store_has(f.store, &config.digest, 2) && !store_has(f.store, &loose.digest, 5));

	struct store *other = NULL;

	CHECK(store_blob_put(f.store, "text/plain", "loose", 5, &loose, &e) == 0);
	CHECK(store_open(&other, &f.state, &e) == 0);
	CHECK(store_gc(f.store, &bytes, &e) == 0 && bytes == 0);
	CHECK(store_has(f.store, &loose.digest, 5));
	store_close(other);
	teardown(&f);
}

TEST(the_next_to_open_removes_what_a_killed_writer_left)
{
	struct fixture f;
	struct err e = ERR_INIT;
	struct store *other = NULL, *third = NULL;

	setup(&f);
	CHECK(fs_mkdir_p(f.state.fd, "tmp", 0700, &e) == 0);
	CHECK(fs_write_file(f.state.fd, "tmp/blob-dead", "x", 1, 0600, &e) == 0);
	CHECK(fs_write_file(f.state.fd, "tmp/other", "x", 1, 0600, &e) == 0);
	CHECK(store_open(&other, &f.state, &e) == 0); /* not alone: all stays */
	CHECK(fs_exists(f.state.fd, "tmp/blob-dead"));
	store_close(other);
	store_close(f.store);
	CHECK(store_open(&third, &f.state, &e) == 0);
	CHECK(!fs_exists(f.state.fd, "tmp/blob-dead") && fs_exists(f.state.fd, "tmp/other"));
	f.store = third;
	teardown(&f);
}

TEST(a_referrer_is_listed_once_and_for_its_subject_only)
{
	struct fixture f;
	struct err e = ERR_INIT;
	struct desc m, sig, empty, other;
	auto_buf text = BUF_INIT(4096);
	auto_json *list = NULL;

	setup(&f);
	CHECK(store_blob_put(f.store, MT_OCI_EMPTY, "{}", 2, &empty, &e) == 0);
	CHECK(store_blob_put(f.store, MT_OCI_MANIFEST, manifest_text, sizeof(manifest_text) - 1, &m,
			     &e) == 0);
	buf_printf(&text,
		   "{\"schemaVersion\":2,\"mediaType\":\"" MT_OCI_MANIFEST
		   "\",\"artifactType\":\"a/b\",\"config\":{"
		   "\"mediaType\":\"" MT_OCI_EMPTY
		   "\",\"digest\":\"%s\",\"size\":2},\"layers\":[],\"subject\":{"
		   "\"mediaType\":\"" MT_OCI_MANIFEST
		   "\",\"digest\":\"%s\",\"size\":%zu},\"annotations\":{\"k\":\"v\"}}",
		   empty.digest.s, m.digest.s, (size_t)m.size);
	CHECK(store_blob_put(f.store, MT_OCI_MANIFEST, buf_str(&text), text.n, &sig, &e) == 0);
	CHECK(store_add_referrer(f.store, &sig, &empty.digest, &e) == E_FORMAT);
	CHECK(store_add_referrer(f.store, &sig, &m.digest, &e) == 0);
	CHECK(store_add_referrer(f.store, &sig, &m.digest, &e) == 0);
	CHECK(store_referrers(f.store, &m.digest, "a/b", &list, &e) == 0 &&
	      json_array_size(list) == 1);
	CHECK(json_object_get(json_object_get(json_array_get(list, 0), "annotations"), "k") !=
	      NULL);
	json_decref(list);
	CHECK(store_referrers(f.store, &m.digest, "a/c", &list, &e) == 0 &&
	      json_array_size(list) == 0);
	json_decref(list);
	desc_of("x/y", "z", 1, &other);
	CHECK(store_referrers(f.store, &other.digest, NULL, &list, &e) == 0 &&
	      json_array_size(list) == 0);
	teardown(&f);
}

TAP_MAIN()
