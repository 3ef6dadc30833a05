/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

struct run_policy;

enum { LIMIT_CONFIG_BYTES = 1024 * 1024, LIMIT_CONFIG_KEY = 128 };

/* The keys plimsoll.yaml may hold, by dotted name, each with what it is for; ends with NULL. One
 * list, also for plimsoll(1). */
struct config_key {
	const char *name, *help;
};
extern const struct config_key cli_config_keys[];

/*
 * Merges /etc/plimsoll/plimsoll.yaml, $XDG_CONFIG_HOME/plimsoll/plimsoll.yaml (~/.config when that
 * is not set) and file, if given: objects deep, else the later wins. The first two may be missing.
 * An unknown key, or one that is not a scalar, is E_USAGE: nothing is ignored in silence.
 * ret_config is an object; ret_text maps the dotted name of every scalar in it to its text. Both
 * owned by the caller.
 */
int cli_config_load(const char *file, json_t **ret_config, json_t **ret_text, struct err *e);

/* The same over a given list of files, which may be missing but for the last when must_exist. */
int cli_config_load_files(const char *const *files, size_t n, bool must_exist, json_t **ret_config,
			  json_t **ret_text, struct err *e);

/* The section "trust" of a configuration; NULL when it has none. Owned: rules_free(), free(). */
int cli_config_rules(const json_t *config, struct rules **ret, struct err *e);

/* The section "run", one that allows nothing when there is none. Owned: run_policy_free(), free().
 */
int cli_config_run(const json_t *config, struct run_policy **ret, struct err *e);
