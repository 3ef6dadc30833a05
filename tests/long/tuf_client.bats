# A TUF client: every case of tests/lib/tuf_cases.py, against a repository on loopback. The names say what is checked.
load ../lib/common

setup() { common_setup; }
teardown() { common_teardown; }

tuf_case() { # name
	run python3 "$PLIMSOLL_SRC/tests/lib/tuf_cases.py" "$1"
	[ "$status" -ne 77 ] || skip "needs faketime"
	assert_status 0
}

@test "first refresh" { tuf_case first_refresh; }
@test "download refreshes" { tuf_case download_refreshes; }
@test "init refuses what is no root" { tuf_case init_refuses_what_is_no_root; }
@test "init twice" { tuf_case init_twice; }
@test "bad root on disk asks nobody" { tuf_case bad_root_on_disk_asks_nobody; }
@test "unsigned metadata" { tuf_case unsigned_metadata; }
@test "same timestamp version is not taken" { tuf_case same_timestamp_version_is_not_taken; }
@test "metadata hashes" { tuf_case metadata_hashes; }
@test "metadata of another length" { tuf_case metadata_of_another_length; }
@test "unknown hash algorithm is refused" { tuf_case unknown_hash_algorithm_is_refused; }
@test "targets version not in snapshot" { tuf_case targets_version_not_in_snapshot; }
@test "bytes are kept as they came" { tuf_case bytes_are_kept_as_they_came; }
@test "unknown fields" { tuf_case unknown_fields; }
@test "root that knows mirrors" { tuf_case root_that_knows_mirrors; }
@test "keyid is only a name" { tuf_case keyid_is_only_a_name; }
@test "missing files" { tuf_case missing_files; }
@test "server errors are no end of roots" { tuf_case server_errors_are_no_end_of_roots; }
@test "wrong type of metadata" { tuf_case wrong_type_of_metadata; }
@test "consistent snapshot off" { tuf_case consistent_snapshot_off; }
@test "consistent snapshot not said" { tuf_case consistent_snapshot_not_said; }
@test "url of any form" { tuf_case url_of_any_form; }
@test "malformed metadata" { tuf_case malformed_metadata; }
@test "broken json" { tuf_case broken_json; }
@test "larger than allowed" { tuf_case larger_than_allowed; }
@test "threshold not met" { tuf_case threshold_not_met; }
@test "fewer keys than the threshold" { tuf_case fewer_keys_than_the_threshold; }
@test "same key under two keyids counts once" { tuf_case same_key_under_two_keyids_counts_once; }
@test "duplicate keyids" { tuf_case duplicate_keyids; }
@test "keytypes and schemes" { tuf_case keytypes_and_schemes; }
@test "keys that do not fit their scheme" { tuf_case keys_that_do_not_fit_their_scheme; }
@test "useless signatures beside good ones" { tuf_case useless_signatures_beside_good_ones; }
@test "a signed value changed" { tuf_case a_signed_value_changed; }
@test "root rotations" { tuf_case root_rotations; }
@test "rotations of other roles" { tuf_case rotations_of_other_roles; }
@test "many roots at once" { tuf_case many_roots_at_once; }
@test "root version must follow" { tuf_case root_version_must_follow; }
@test "timestamp rollback" { tuf_case timestamp_rollback; }
@test "snapshot rollback" { tuf_case snapshot_rollback; }
@test "targets rollback" { tuf_case targets_rollback; }
@test "a role disappears from the snapshot" { tuf_case a_role_disappears_from_the_snapshot; }
@test "rollback is seen past an expired snapshot" { tuf_case rollback_is_seen_past_an_expired_snapshot; }
@test "snapshot of another version" { tuf_case snapshot_of_another_version; }
@test "targets of another version" { tuf_case targets_of_another_version; }
@test "fast forward recovery" { tuf_case fast_forward_recovery; }
@test "recovery when only one of the keys goes" { tuf_case recovery_when_only_one_of_the_keys_goes; }
@test "recovery after an update that broke off" { tuf_case recovery_after_an_update_that_broke_off; }
@test "recovery after a kill" { tuf_case recovery_after_a_kill; }
@test "expired root" { tuf_case expired_root; }
@test "expired first root with a newer one" { tuf_case expired_first_root_with_a_newer_one; }
@test "expired timestamp" { tuf_case expired_timestamp; }
@test "expired snapshot" { tuf_case expired_snapshot; }
@test "expired targets" { tuf_case expired_targets; }
@test "frozen repository" { tuf_case frozen_repository; }
@test "expired local metadata is updated" { tuf_case expired_local_metadata_is_updated; }
@test "what is kept expires" { tuf_case what_is_kept_expires; }
@test "delegation graphs" { tuf_case delegation_graphs; }
@test "search by patterns" { tuf_case search_by_patterns; }
@test "path hash prefixes" { tuf_case path_hash_prefixes; }
@test "succinct bins" { tuf_case succinct_bins; }
@test "long names of bins" { tuf_case long_names_of_bins; }
@test "unusual role names" { tuf_case unusual_role_names; }
@test "delegated metadata is verified" { tuf_case delegated_metadata_is_verified; }
@test "kept delegated metadata is verified by who delegates now" { tuf_case kept_delegated_metadata_is_verified_by_who_delegates_now; }
@test "role that two delegate to" { tuf_case role_that_two_delegate_to; }
@test "expired delegated role" { tuf_case expired_delegated_role; }
@test "kept delegated role expires" { tuf_case kept_delegated_role_expires; }
@test "delegated role rollback" { tuf_case delegated_role_rollback; }
@test "role that the snapshot does not list" { tuf_case role_that_the_snapshot_does_not_list; }
@test "at most 32 roles are asked" { tuf_case at_most_32_roles_are_asked; }
@test "download and again" { tuf_case download_and_again; }
@test "several targets at once" { tuf_case several_targets_at_once; }
@test "substituted targets" { tuf_case substituted_targets; }
@test "all hashes must hold" { tuf_case all_hashes_must_hold; }
@test "hash in the name of the file" { tuf_case hash_in_the_name_of_the_file; }
@test "target changes" { tuf_case target_changes; }
@test "names of targets stay in their folder" { tuf_case names_of_targets_stay_in_their_folder; }
@test "file of no bytes" { tuf_case file_of_no_bytes; }
@test "killed at any time" { tuf_case killed_at_any_time; }
@test "two at once" { tuf_case two_at_once; }
@test "every byte of a timestamp" { tuf_case every_byte_of_a_timestamp; }

@test "each case has its test" {
	run python3 "$PLIMSOLL_SRC/tests/lib/tuf_cases.py"
	assert_status 0
	assert_eq "$(sort <<<"$output")" "$(sed -n 's/.*{ tuf_case \(.*\); }$/\1/p' "$BATS_TEST_FILENAME" | sort)"
}

@test "what is missing on the command line is said" {
	run "$PLIMSOLL" trust tuf-client refresh
	assert_status 2
	assert_output_has "refresh needs --metadata-dir"
	run "$PLIMSOLL" trust tuf-client --metadata-dir "$BATS_TEST_TMPDIR" refresh
	assert_status 2
	assert_output_has "refresh needs --metadata-url"
	run "$PLIMSOLL" trust tuf-client --metadata-dir "$BATS_TEST_TMPDIR" --metadata-url http://127.0.0.1:1/ download
	assert_status 2
	assert_output_has "download needs --target-name"
	run "$PLIMSOLL" trust tuf-client --metadata-dir "$BATS_TEST_TMPDIR" init
	assert_status 2
	run "$PLIMSOLL" trust tuf-client --metadata-dir "$BATS_TEST_TMPDIR" reset
	assert_status 2
	assert_output_has "want init ROOT, refresh or download"
	run "$PLIMSOLL" trust tuf-client --metadata-dir "$BATS_TEST_TMPDIR" --metadata-url http://127.0.0.1:1/ refresh
	assert_status 1
	assert_output_has "no root is trusted" "init ROOT"
}

@test "plain http to another machine is refused" {
	run "$PLIMSOLL" trust tuf-client --metadata-dir "$BATS_TEST_TMPDIR/md" init /dev/null
	assert_status 1
	python3 - <<-PY
		import sys
		sys.path.insert(0, "$PLIMSOLL_SRC/tests/lib")
		from tuf_repo import Repo
		open("$BATS_TEST_TMPDIR/root.json", "wb").write(Repo().published["root"][1])
	PY
	run "$PLIMSOLL" trust tuf-client --metadata-dir "$BATS_TEST_TMPDIR/md" init "$BATS_TEST_TMPDIR/root.json"
	assert_status 0
	run "$PLIMSOLL" trust tuf-client --metadata-dir "$BATS_TEST_TMPDIR/md" --metadata-url http://192.0.2.1/ refresh
	assert_status 1
	assert_output_has "http"
}
