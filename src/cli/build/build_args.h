/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "build/build.h"
#include "cli/build/build_secrets.h"
#include "cli/build/networks.h"
#include "cli/cli.h"

/*
 * The options that say what to build and how, shared by build and ship. A command's own options
 * struct begins with struct build_args, so that one table serves both.
 */
struct build_args {
	struct strv tags, build_args, labels, annotations, no_cache_filter, secrets, ssh, ulimits,
		hosts, contexts, cache_from, cache_to;
	const char *file, *target, *network, *platform, *iidfile, *metadata_file, *progress,
		*memory, *pids, *shm, *on_error;
	uint64_t jobs;
	bool no_cache, pull;
};

/* clang-format off */
#define BUILD_ARGS_OPTIONS                                                                                             \
	OPT_AT(struct build_args, tags, "tag", 't', OPT_LIST, "NAME[:TAG]", \
	       "name of the image; may be given many times"), \
	OPT_AT(struct build_args, file, "file", 'f', OPT_STRING, "FILE", \
	       "the Dockerfile, - for standard input (CONTEXT/Dockerfile)"), \
	OPT_AT(struct build_args, target, "target", 0, OPT_STRING, "STAGE", \
	       "build this stage, by name or index (the last one)"), \
	OPT_AT(struct build_args, build_args, "build-arg", 0, OPT_LIST, "NAME[=VALUE]", \
	       "value of an ARG; without a value, that of the environment"), \
	OPT_AT(struct build_args, contexts, "build-context", 0, OPT_LIST, "NAME=SOURCE", \
	       "what NAME means in FROM and from=: a folder, URL, docker-image:// or oci-layout://"), \
	OPT_AT(struct build_args, labels, "label", 0, OPT_LIST, "NAME[=VALUE]", \
	       "add a label to the image"), \
	OPT_AT(struct build_args, annotations, "annotation", 0, OPT_LIST, "NAME=VALUE", \
	       "add an annotation to the image's manifest"), \
	OPT_AT(struct build_args, secrets, "secret", 0, OPT_LIST, "id=ID[,src=FILE|,env=NAME]", \
	       "a secret that RUN --mount=type=secret may show to its command"), \
	OPT_AT(struct build_args, ssh, "ssh", 0, OPT_LIST, "default|ID[=SOCKET]", \
	       "an SSH agent for RUN --mount=type=ssh (SSH_AUTH_SOCK's)"), \
	OPT_AT(struct build_args, memory, "memory", 'm', OPT_STRING, "SIZE", \
	       "memory of a RUN step, e.g. 2g (8g)"), \
	OPT_AT(struct build_args, pids, "pids-limit", 0, OPT_STRING, "N", \
	       "processes and threads of a RUN step (4096)"), \
	OPT_AT(struct build_args, shm, "shm-size", 0, OPT_STRING, "SIZE", \
	       "size of a RUN step's /dev/shm (64m)"), \
	OPT_AT(struct build_args, ulimits, "ulimit", 0, OPT_LIST, "NAME=SOFT[:HARD]", \
	       "a resource limit of RUN steps, e.g. nofile=1024"), \
	OPT_AT(struct build_args, hosts, "add-host", 0, OPT_LIST, "NAME:ADDRESS", \
	       "a name that RUN steps find in /etc/hosts"), \
	OPT_AT(struct build_args, on_error, "on-error", 0, OPT_STRING, "fail|shell", \
	       "when a RUN fails: end, or first a shell in its place (fail)"), \
	OPT_AT(struct build_args, no_cache, "no-cache", 0, OPT_FLAG, NULL, \
	       "do every step again"), \
	OPT_AT(struct build_args, no_cache_filter, "no-cache-filter", 0, OPT_LIST, "STAGE[,STAGE...]", \
	       "do the steps of these stages again"), \
	OPT_AT(struct build_args, cache_from, "cache-from", 0, OPT_LIST, "REF|type=TYPE,...", \
	       "use what this cache knows: type=registry,ref=REF or type=local,src=DIR"), \
	OPT_AT(struct build_args, cache_to, "cache-to", 0, OPT_LIST, "REF|type=TYPE,...", \
	       "give away what is known: type=registry,ref=REF, type=local,dest=DIR, type=inline; mode=max"), \
	OPT_AT(struct build_args, pull, "pull", 0, OPT_FLAG, NULL, \
	       "ask the registry for newer base images, also when they are here"), \
	OPT_AT(struct build_args, jobs, "jobs", 0, OPT_U64, "N", \
	       "build at most N stages beside one another (the number of CPUs)"), \
	OPT_AT(struct build_args, network, "network", 0, OPT_STRING, "none|default|NAME", \
	       "the network of RUN steps: NAME is one of the configuration (default)"), \
	OPT_AT(struct build_args, platform, "platform", 0, OPT_STRING, "OS/ARCH", \
	       "only this machine's own can be built"), \
	OPT_AT(struct build_args, iidfile, "iidfile", 0, OPT_STRING, "FILE", \
	       "write the image's digest to FILE"), \
	OPT_AT(struct build_args, metadata_file, "metadata-file", 0, OPT_STRING, "FILE", \
	       "write names, digests and descriptor of the image to FILE, as JSON"), \
	OPT_AT(struct build_args, progress, "progress", 0, OPT_STRING, "auto|plain|tty", \
	       "how progress is shown (auto: by whether standard error is a terminal)")
/* clang-format on */

/* What the options make of a build (--progress takes effect at once); owned strings live as long as
 * this. */
struct build_request {
	struct strv args, labels;
	struct build_secrets secrets;
	struct networks networks;
	struct build_opts opts; /* state, store, progress and hooks are step_build()'s */
};
int build_request(struct cli *c, const struct build_args *a, const char *context,
		  struct build_request *ret, struct err *e);
void build_request_free(struct build_request *r);
static inline void build_request_release(struct build_request *r)
{
	build_request_free(r);
}
#define auto_build_request __attribute__((cleanup(build_request_release))) struct build_request

/* Writes --iidfile and --metadata-file, when they were given. */
int build_write_files(const struct build_args *a, const struct build_result *b, struct err *e);
