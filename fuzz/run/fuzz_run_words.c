/* SPDX-License-Identifier: Apache-2.0 */
/* Values of run's options. The first byte chooses which: -v, --mount, --tmpfs, -p, --expose,
 * a source of --mount, --env-file, --restart, --since. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "run/life/restart.h"
#include "run/life/when.h"
#include "run/network/network.h"
#include "run/root/volume.h"
#include "run/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_volume(struct volume *v, int r)
{
	if (r < 0)
		return;
	if (v->target && v->target[0] != '/')
		abort();
	if (v->kind == VOLUME_NAMED && !v->source)
		abort();
	volume_free(v);
}

static void check_ports(const char *text, bool expose)
{
	static struct ports p;

	p.n = 0;
	if ((expose ? port_expose(text, &p, NULL) : port_parse(text, &p, NULL)) < 0)
		return;
	if (p.n == 0 || p.n > LIMIT_PORTS)
		abort();
	for (size_t i = 0; i < p.n; i++) {
		auto_buf out = BUF_INIT(256);

		if (p.p[i].container == 0 ||
		    strnlen(p.p[i].ip, sizeof(p.p[i].ip)) == sizeof(p.p[i].ip))
			abort();
		port_print(&p.p[i], &out);
	}
}

static void env_file(const char *text)
{
	auto_close int fd = memfd_create("env", MFD_CLOEXEC);
	auto_strv env = { 0 };
	char path[64];

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (run_parse_env_file(path, &env, NULL) < 0)
		return;
	for (size_t i = 0; i < env.n; i++)
		if (!strchr(env.v[i], '=') || env.v[i][0] == '=')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text =
		size ? str_dup((struct str){ (const char *)data + 1, size - 1 }) : NULL;
	struct volume v = { 0 };
	struct restart_policy restart;
	auto_free char *settled = NULL;
	int64_t when;

	if (!text)
		return 0;
	switch (data[0] % 9) {
	case 0: check_volume(&v, volume_parse(text, &v, NULL)); break;
	case 1: check_volume(&v, volume_parse_mount(text, &v, NULL)); break;
	case 2: check_volume(&v, volume_parse_tmpfs(text, &v, NULL)); break;
	case 3: check_ports(text, false); break;
	case 4: check_ports(text, true); break;
	case 5: (void)volume_settle_mount(text, &settled, NULL); break;
	case 6: env_file(text); break;
	case 7: (void)restart_parse(text, &restart, NULL); break;
	default: (void)when_parse(text, 1, &when, NULL); break;
	}
	return 0;
}
