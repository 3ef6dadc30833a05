/* SPDX-License-Identifier: Apache-2.0 */
/* mmdebstrap, as we call it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pipeline/base/confine.h"
#include "pipeline/base/internal.h"

#define MERGE_PIN "etc/apt/preferences.d/merged"
#define USED "used" /* the signed releases that mmdebstrap saw, beneath the folder */

/* What nobody reads in a container; dpkg goes on leaving it out when more is installed. */
static const char *const slim_options[] = {
	"path-exclude=/usr/share/man/*",
	"path-exclude=/usr/share/info/*",
	"path-exclude=/usr/share/lintian/*",
	"path-exclude=/usr/share/groff/*",
	"path-exclude=/usr/share/linda/*",
	"path-exclude=/usr/share/doc/*",
	"path-include=/usr/share/doc/*/copyright",
	"path-exclude=/usr/share/locale/*",
	"path-include=/usr/share/locale/locale.alias",
};

/*
 * Each hook is one line: mmdebstrap first looks whether it is the name of a program.
 *
 * In the new root, as $1. Packages are told that no service is to be started. apt leaves neither
 * packages nor its cache behind, so a RUN's layer holds what it installed. The cache, ldconfig's
 * (inode numbers) and the logs (times) would have other bytes each time; what was installed when is
 * in the image's history and in the trail.
 *
 * /bin and the like are links from the start where the release wants them so: else apt takes
 * usrmerge, which needs all of perl to move what is there.
 */
static const char merge_hook[] =
	"set -e; cd \"$1\"; set -- bin sbin lib; "
	"case $(dpkg --print-architecture) in amd64|ppc64el|loong64) set -- \"$@\" lib64; esac; "
	"for d; do mkdir -p usr/$d; ln -s usr/$d $d; done; mkdir -p etc/apt/preferences.d; "
	"printf 'Package: usrmerge\\nPin: version *\\nPin-Priority: -1\\n' >" MERGE_PIN;
static const char policy_hook[] = "cd \"$1\"/usr/sbin && printf '#!/bin/sh\\nexit 101\\n' "
				  ">policy-rc.d && chmod 755 policy-rc.d";
static const char container_hook[] =
	"set -e; cd \"$1\"; "
	"for f in etc/apt/sources.list.d/[0-9]*.sources; do"
	" [ ! -e \"$f\" ] || mv \"$f\" etc/apt/sources.list.d/" SOURCES_FILE "; done; "
	"[ ! -d etc/apt/apt.conf.d ] || printf '%s\\n' "
	"'DPkg::Post-Invoke { \"rm -f /var/cache/apt/archives/*.deb"
	" /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin /var/cache/ldconfig/aux-cache"
	" /var/log/dpkg.log /var/log/alternatives.log || true\"; };' "
	"'Dir::Log::History \"\"; Dir::Log::Terminal \"\";' "
	"'Dir::Cache::pkgcache \"\"; Dir::Cache::srcpkgcache \"\";' "
	"'Acquire::GzipIndexes \"true\"; Acquire::Languages \"none\";' "
	"'APT::AutoRemove::SuggestsImportant \"false\";' >etc/apt/apt.conf.d/docker-clean";

/* Where times, inodes or chance come in, and nobody misses it. */
static const char clean_hook[] =
	"set -e; rm -f \"$1\"/" MERGE_PIN "; mkdir " CONFINED_TMP "/" USED "; "
	"cp \"$1\"/var/lib/apt/lists/*_InRelease " CONFINED_TMP "/" USED "/; "
	"rm -rf \"$1\"/var/cache/ldconfig/aux-cache \"$1\"/var/cache/apt/*.bin \"$1\"/var/log/apt "
	"\"$1\"/var/log/*.log"
	" \"$1\"/var/cache/debconf/*-old \"$1\"/var/lib/dpkg/*-old \"$1\"/etc/*- "
	" \"$1\"/etc/hostname \"$1\"/etc/resolv.conf";

static bool is_bare(const struct recipe *r)
{
	return r->variant == BASE_NO_SHELL || r->variant == BASE_STATIC;
}

static int put_includes(const struct recipe *r, struct strv *argv, struct err *e)
{
	auto_buf list = BUF_INIT(LIMIT_APT_INCLUDE);

	if (is_bare(r))
		buf_puts(&list, "base-files,ca-certificates,netbase,tzdata");
	for (size_t i = 0; i < r->include.n; i++)
		buf_printf(&list, "%s%s", list.n ? "," : "", r->include.v[i]);
	if (buf_check(&list, "list of packages", e) < 0)
		return E_FORMAT;
	return list.n ? strv_addf(argv, e, "--include=%s", buf_str(&list)) : 0;
}

static int put_options(const struct archive_apt *apt, const struct recipe *r, struct strv *argv,
		       struct err *e)
{
	int k = 0;

	for (size_t i = 0; k == 0 && i < apt->options.n; i++)
		k = strv_addf(argv, e, "--aptopt=%s", apt->options.v[i]);
	for (size_t i = 0; k == 0 && r->slim && i < sizeof(slim_options) / sizeof(*slim_options);
	     i++)
		k = strv_addf(argv, e, "--dpkgopt=%s", slim_options[i]);
	if (k == 0) /* now, and in what is built on it: a step is synced as a whole */
		k = strv_add(argv, "--dpkgopt=force-unsafe-io", e);
	if (k == 0)
		k = put_includes(r, argv, e);
	if (k == 0 && strcmp(r->suite, "bookworm") == 0)
		k = strv_addf(argv, e, "--setup-hook=%s", merge_hook);
	if (k == 0 && !is_bare(r)) /* ours stays; mmdebstrap would take its own away */
		k = strv_add(argv, "--skip=chroot/policy-rc.d", e);
	if (k == 0 && !is_bare(r))
		k = strv_addf(argv, e, "--extract-hook=%s", policy_hook);
	if (k == 0 && !is_bare(r))
		k = strv_addf(argv, e, "--customize-hook=%s", container_hook);
	return k < 0 ? k : strv_addf(argv, e, "--customize-hook=%s", clean_hook);
}

static int make_argv(const struct archive_apt *apt, const struct recipe *r, struct strv *argv,
		     struct err *e)
{
	static const char *const first[] = { "mmdebstrap", "--format=tar", "--skip=output/dev" };
	int k = 0;

	for (size_t i = 0; k == 0 && i < sizeof(first) / sizeof(*first); i++)
		k = strv_add(argv, first[i], e);
	if (k == 0)
		k = strv_addf(argv, e, "--mode=%s", geteuid() == 0 ? "root" : "unshare");
	if (k == 0)
		k = strv_addf(argv, e, "--variant=%s",
			      r->variant == BASE_APT ? "minbase" : "essential");
	if (k == 0)
		k = put_options(apt, r, argv, e);
	if (k == 0)
		k = strv_add(argv, r->suite, e);
	if (k == 0)
		k = strv_add(argv, "-", e);
	return k < 0 ? k : strv_add(argv, CONFINED_TMP "/" SOURCES_FILE, e);
}

int debstrap_run(const struct archive_apt *apt, const struct recipe *r, int64_t epoch, int out,
		 json_t **ret_releases, struct err *e)
{
	auto_strv argv = { 0 }, env = { 0 };
	char what[80];
	int64_t date;
	int k = make_argv(apt, r, &argv, e);

	if (k == 0)
		k = archive_apt_env(&env, epoch, e);
	if (k < 0)
		return k;

	const struct confined c = { .argv = (const char *const *)argv.v,
				    .env = (const char *const *)env.v,
				    .out = out,
				    .folder = apt->folder,
				    .state = apt->state,
				    .progress = apt->progress };

	(void)snprintf(what, sizeof(what), "mmdebstrap %s", r->suite);
	progress_begin(apt->progress, what, 0);
	k = confined_run(&c, e);
	progress_end(apt->progress, k < 0 ? "failed" : NULL);
	return k < 0 ? k : archive_apt_releases(apt, USED, ret_releases, &date, e);
}
