/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs in a RUN step of a test, as root: tries what no step may do and prints one line for each,
 * "NAME ok" or "NAME ERRNO"; or, asked for "bomb", forks for ever. Compiled by the test,
 * statically.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell(const char *name, long result)
{
	const char *what = result >= 0 ? "ok" : strerrorname_np(errno);

	(void)printf("%s %s\n", name, what ? what : "?");
	(void)fflush(stdout);
}

static void namespaces(void)
{
	long pid;

	tell("unshare-user", syscall(SYS_unshare, CLONE_NEWUSER));
	tell("unshare-mount", syscall(SYS_unshare, CLONE_NEWNS));
	pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	tell("clone-user", pid);
	tell("clone3", syscall(SYS_clone3, NULL, 0));
	tell("setns", syscall(SYS_setns, open("/proc/1/ns/mnt", O_RDONLY), 0));
}

static void mounts(void)
{
	tell("mount", mount("none", "/tmp", "tmpfs", 0, NULL));
	tell("umount", umount2("/proc/kcore", MNT_DETACH));
	tell("pivot-root", syscall(SYS_pivot_root, "/", "/tmp"));
	tell("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
	tell("open-tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1));
	tell("move-mount", syscall(SYS_move_mount, -1, "", -1, "", 0));
	tell("mount-setattr", syscall(SYS_mount_setattr, -1, "", 0, NULL, 0));
	tell("device", mknod("/tmp/device", S_IFBLK | 0600, 0x800));
	tell("open-by-handle", syscall(SYS_open_by_handle_at, -1, NULL, 0));
}

static void others(void)
{
	struct iovec v = { "x", 1 };

	tell("ptrace", ptrace(PTRACE_ATTACH, 1, NULL, NULL));
	tell("process-vm-readv", syscall(SYS_process_vm_readv, 1, &v, 1, &v, 1, 0));
	tell("process-vm-writev", syscall(SYS_process_vm_writev, 1, &v, 1, &v, 1, 0));
	tell("pidfd-getfd", syscall(SYS_pidfd_getfd, -1, 0, 0));
	tell("proc-mem", open("/proc/self/mem", O_RDWR));
	tell("kcmp", syscall(SYS_kcmp, 1, 1, 0, 0, 0));
}

static void kernel(void)
{
	char attr[128] = "";

	tell("bpf", syscall(SYS_bpf, 0, attr, sizeof(attr)));
	tell("perf", syscall(SYS_perf_event_open, attr, 0, -1, -1, 0));
	tell("io-uring", syscall(SYS_io_uring_setup, 1, attr));
	tell("userfaultfd", syscall(SYS_userfaultfd, 0));
	tell("keyctl", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1));
	tell("add-key", syscall(SYS_add_key, "user", "x", "x", 1, KEY_SPEC_SESSION_KEYRING));
	tell("request-key", syscall(SYS_request_key, "user", "x", NULL, 0));
	tell("init-module", syscall(SYS_init_module, "", 0, ""));
	tell("finit-module", syscall(SYS_finit_module, -1, "", 0));
	tell("kexec", syscall(SYS_kexec_load, 0, 0, NULL, 0));
	tell("reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
	tell("swapon", syscall(SYS_swapon, "/tmp", 0));
	tell("settimeofday", syscall(SYS_settimeofday, NULL, NULL));
	tell("sethostname", syscall(SYS_sethostname, "x", 1));
	tell("syslog", syscall(SYS_syslog, 3, attr, sizeof(attr)));
	tell("acct", syscall(SYS_acct, NULL));
	tell("fanotify", syscall(SYS_fanotify_init, 0, 0));
	tell("quotactl", syscall(SYS_quotactl, 0, NULL, 0, NULL));
	tell("nothing-known", syscall(4095));
#ifdef __x86_64__
	tell("iopl", syscall(SYS_iopl, 3));
#endif
}

static void sockets(void)
{
	tell("packet", socket(AF_PACKET, SOCK_RAW, 0));
	tell("raw", socket(AF_INET, SOCK_RAW, 1));
	tell("vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
	tell("alg", socket(AF_ALG, SOCK_SEQPACKET, 0));
	tell("bluetooth", socket(AF_BLUETOOTH, SOCK_RAW, 0));
	tell("netlink-audit", socket(AF_NETLINK, SOCK_RAW, 9));
	tell("terminal-input", syscall(SYS_ioctl, 0, (1UL << 32) | TIOCSTI, "x"));
}

static void files(void)
{
	static const char *const paths[] = { "/proc/sys/kernel/core_pattern",
					     "/proc/sys/vm/drop_caches",
					     "/proc/sysrq-trigger",
					     "/proc/self/attr/current",
					     "/sys/kernel/uevent_helper",
					     "/sys/power/state",
					     "/etc/resolv.conf",
					     "/etc/hosts" };
	static const char *const devices[] = { "/dev/mem",    "/dev/kmsg", "/dev/sda",
					       "/dev/fuse",   "/dev/kvm",  "/dev/loop-control",
					       "/dev/net/tun" };

	tell("third-descriptor", fcntl(3, F_GETFD));
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		tell(paths[i], open(paths[i], O_WRONLY));
	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
		tell(devices[i], open(devices[i], O_RDONLY));
}

/* A fork bomb: every process forks for ever, refused or not. */
static __attribute__((noreturn)) void bomb(void)
{
	for (;;)
		if (fork() < 0)
			(void)usleep(1000);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "bomb") == 0)
		bomb();
	files(); /* first: it looks which descriptors are there */
	namespaces();
	mounts();
	others();
	kernel();
	sockets();
	return 0;
}
