/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

extern const struct command cmd_advisories;
extern const struct command cmd_attest;
extern const struct command cmd_base;
extern const struct command cmd_build;
extern const struct command cmd_cache;
extern const struct command cmd_completion;
extern const struct command cmd_copy;
extern const struct command cmd_delete;
extern const struct command cmd_doctor;
extern const struct command cmd_tags;
extern const struct command cmd_history;
extern const struct command cmd_images;
extern const struct command cmd_import;
extern const struct command cmd_info;
extern const struct command cmd_inspect;
extern const struct command cmd_login;
extern const struct command cmd_list;
extern const struct command cmd_logout;
extern const struct command cmd_man;
extern const struct command cmd_policy;
extern const struct command cmd_profile;
extern const struct command cmd_prune;
extern const struct command cmd_pull;
extern const struct command cmd_push;
extern const struct command cmd_rmi;
extern const struct command cmd_sbom;
extern const struct command cmd_scan;
extern const struct command cmd_ship;
extern const struct command cmd_sign;
extern const struct command cmd_system;
extern const struct command cmd_tag;
extern const struct command cmd_trail;
extern const struct command cmd_trust;
extern const struct command cmd_verify;
extern const struct command cmd_verify_attestation;
extern const struct command cmd_verify_bundle;
extern const struct command cmd_verify_blob;
extern const struct command cmd_sign_blob;
extern const struct command cmd_generate_key_pair;
extern const struct command cmd_import_key_pair;
extern const struct command cmd_public_key;
extern const struct command cmd_triangulate;
extern const struct command cmd_untag;
extern const struct command cmd_version;
extern const struct command cmd_watch;
extern const struct command cmd_create;
extern const struct command cmd_ended;
extern const struct command cmd_container;
extern const struct command cmd_attach;
extern const struct command cmd_cp;
extern const struct command cmd_diff;
extern const struct command cmd_export;
extern const struct command cmd_update;
extern const struct command cmd_image;
extern const struct command cmd_events;
extern const struct command cmd_stats;
extern const struct command cmd_pause;
extern const struct command cmd_port;
extern const struct command cmd_rename;
extern const struct command cmd_top;
extern const struct command cmd_unpause;
extern const struct command cmd_exec;
extern const struct command cmd_explain;
extern const struct command cmd_generate;
extern const struct command cmd_health;
extern const struct command cmd_healthcheck;
extern const struct command cmd_kill;
extern const struct command cmd_logs;
extern const struct command cmd_ps;
extern const struct command cmd_rm;
extern const struct command cmd_restart;
extern const struct command cmd_run;
extern const struct command cmd_save;
extern const struct command cmd_signatures;
extern const struct command cmd_start;
extern const struct command cmd_stop;
extern const struct command cmd_volume;
extern const struct command cmd_wait;
/* In the order of the top-level help, group by group: keep groups together, one a line (the build
 * reads the names from here, for the manual pages; hidden ones have none, and come last). */
/* clang-format off */
const struct command *const commands[] = {
	&cmd_ship,
	&cmd_run,
	&cmd_build,
	&cmd_base,
	&cmd_import,
	&cmd_images,
	&cmd_inspect,
	&cmd_history,
	&cmd_save,
	&cmd_tag,
	&cmd_untag,
	&cmd_rmi,
	&cmd_image,
	&cmd_cache,
	&cmd_scan,
	&cmd_sbom,
	&cmd_advisories,
	&cmd_watch,
	&cmd_trust,
	&cmd_sign,
	&cmd_attest,
	&cmd_verify,
	&cmd_signatures,
	&cmd_policy,
	&cmd_push,
	&cmd_pull,
	&cmd_copy,
	&cmd_tags,
	&cmd_delete,
	&cmd_prune,
	&cmd_login,
	&cmd_logout,
	&cmd_create,
	&cmd_start,
	&cmd_restart,
	&cmd_ps,
	&cmd_attach,
	&cmd_exec,
	&cmd_explain,
	&cmd_healthcheck,
	&cmd_profile,
	&cmd_logs,
	&cmd_stop,
	&cmd_kill,
	&cmd_wait,
	&cmd_rm,
	&cmd_container,
	&cmd_pause,
	&cmd_unpause,
	&cmd_update,
	&cmd_rename,
	&cmd_port,
	&cmd_cp,
	&cmd_diff,
	&cmd_export,
	&cmd_top,
	&cmd_stats,
	&cmd_events,
	&cmd_volume,
	&cmd_generate,
	&cmd_trail,
	&cmd_completion,
	&cmd_man,
	&cmd_doctor,
	&cmd_info,
	&cmd_system,
	&cmd_version,
	&cmd_ended, /* hidden */
	&cmd_health, /* hidden */
	&cmd_list, /* hidden */
	&cmd_verify_attestation, /* hidden */
	&cmd_verify_bundle, /* hidden */
	&cmd_verify_blob, /* hidden */
	&cmd_sign_blob, /* hidden */
	&cmd_generate_key_pair, /* hidden */
	&cmd_import_key_pair, /* hidden */
	&cmd_public_key, /* hidden */
	&cmd_triangulate, /* hidden */
	NULL,
};
/* clang-format on */
