/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/*
 * plimsoll-guard: answers the system calls that a container's filter notifies instead of refusing
 * by itself, and notes what was refused. One small static process for each container, started
 * before the OCI runtime (run/launch/guard.h), which gives it the filter's descriptor over a
 * socket; it ends with the container. When it is killed, the kernel answers ENOSYS to every
 * notified call: nothing opens.
 *
 * Which calls are let go on (SECCOMP_USER_NOTIF_FLAG_CONTINUE) is decided by number alone, in
 * look.c: those that the filter would allow without a guard; or by number and registers
 * (counted.c), until there was enough. All others are refused, or done
 * here (memfd_create). What lies in the memory of the container decides what is noted, never what
 * is answered, since it may change between our look and the kernel's.
 *
 * It keeps what it can of giving up: it lives in the container's user namespace as nobody, with
 * CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH over that namespace alone (to read arguments and to follow
 * paths), /proc as its root folder, and a
 * seccomp list that kills. Landlock would forbid it to read the memory of processes that are not
 * its children.
 */
enum {
	GUARD_FILTERS = 16,   /* of the container and of what exec adds to it, at a time */
	GUARD_NOTES = 128,    /* distinct refusals */
	GUARD_ASKED = 16,     /* of them, where it was only asked (access(2)) */
	GUARD_DETAIL = 256,   /* bytes of a path that are kept */
	GUARD_GROUPS = 3,     /* folders of control groups */
	GUARD_CPU_MS = 25,    /* of each 100: the processor's time for all of it */
	GUARD_LOOKS_MS = 100, /* the same of each second, for looking at what is let go on */
};

struct guard {
	int listen;	    /* where the runtime connects */
	int out;	    /* the file of notes */
	int life;	    /* ends with the supervisor; with a word: the runtime comes yet */
	int userns;	    /* -1: stay in ours */
	const char *cgroup; /* the container's, without the first "/" */
	bool no_network;    /* it was asked to have none */
	int groups[GUARD_GROUPS];
	size_t groups_n;
	int filters[GUARD_FILTERS];
	size_t filters_n;
	int forks;     /* tells that a process could not be made, once; -1: no more */
	bool began;    /* there was a filter */
	time_t coming; /* since when nobody but the runtime is awaited; 0: not so */
	/* The kernel's sizes of these may be larger than those we know. */
	union {
		struct seccomp_notif v;
		unsigned char room[512];
	} call;
	union {
		struct seccomp_notif_resp v;
		unsigned char room[512];
	} answer;
	size_t call_size, answer_size;
};

/* confine.c. 0, or -1 and errno. After it nothing can be opened for writing. */
int guard_confine(const struct guard *g);

/* answer.c: one notification that waits at this descriptor. */
void guard_answer(struct guard *g, int filter);

/* counted.c: calls that go on until there was enough of them, told by number and registers: all of
 * them are what the filter would allow without us. 0, or the error that they get. */
bool counted_call(const struct seccomp_data *d);
int counted_answer(pid_t pid, const struct seccomp_data *d);
size_t counted_lines(const char *text, size_t n);

/* pace.c: after each answer; sleeps when it was too much. */
void pace_keep(void);

/* look.c: what a call that goes on will be refused for. */
enum guard_rule {
	GUARD_SECCOMP,
	GUARD_READONLY,
	GUARD_NOEXEC,
	GUARD_CAPABILITY,
	GUARD_MEMORY,	/* a0: the limit; a1: the most it had */
	GUARD_PIDS,	/* a0: the limit */
	GUARD_OTHERS,	/* more than there was room for */
	GUARD_LANDLOCK, /* where nothing is to be added */
	GUARD_PORT,	/* a0: the port; a1: 0 to listen, 1 to connect */
	GUARD_NETWORK,	/* there is none */
	GUARD_SPACE,	/* a file system in memory is full. a0: its size; a1: what was wanted */
	GUARD_INODES,	/* the same of files. a0: how many there may be */
	GUARD_FILES,	/* a process had all open files that it may. a0: the limit */
	GUARD_RLIMIT,	/* a0: RLIMIT_*; a1: what was wanted */
	GUARD_ID,	/* an id that the container does not have. a0: it */
	GUARD_SETID,	/* it runs without the rights of its owner */
	GUARD_UNMADE,	/* a name in a folder of /run that is not there */
};
struct guard_note {
	uint64_t count;
	enum guard_rule rule;
	int nr, error;
	unsigned cap;	 /* of GUARD_CAPABILITY */
	uint64_t a0, a1; /* of the rule; of GUARD_SECCOMP the first arguments that tell kinds apart
			  */
	char detail[GUARD_DETAIL]; /* a path, as the container sees it */
};
/* Whether the filter would allow this call without us. */
bool look_goes_on(int nr);
/* Whether it will be refused, and why. The process waits meanwhile, but its memory may change. */
bool look(const struct guard *g, const struct seccomp_notif *call, struct guard_note *ret);

/* notes.c: kept once each, counted, and written to the file: one JSON object a line. */
void note_add(int out, const struct guard_note *n);
/* Writes the counts that changed. */
void note_flush(int out);
/* The line of one note, with "\n"; how many bytes. For tests, too. */
size_t note_line(const struct guard_note *n, char *ret, size_t size);

/* rules.c: what plimsoll-shim asked Landlock for, taken from its command line when it executes the
 * container's command, which is the first thing that is executed at all; what comes later is not
 * believed. */
void rules_take(const char *cmdline, size_t n);
bool rules_may_add(const char *path); /* true while they are not known */
bool rules_port(uint16_t port, bool connect);

/* samples.c: what shows only by looking again and again: file systems in memory that are full,
 * processes with all the files open that they may have. */
void samples_begin(const struct guard *g);
void samples_take(const struct guard *g);
/* The soft and hard limit of "Max open files" in /proc/PID/limits; false when it is not there. */
bool samples_limit(const char *limits, const char *name, uint64_t *ret_soft, uint64_t *ret_hard);

/* groups.c: what the control group tells of kills and forks that failed, as it is now. */
void groups_look(const struct guard *g);
/* A descriptor that polls POLLPRI once a process could not be made for the group's limit, or when
 * the group goes; -1: there is no such group. */
int groups_watch_forks(const struct guard *g);
/* One of its files, of whichever group has it; how many bytes, 0 when none has. */
size_t groups_file(const struct guard *g, const char *file, char *ret, size_t size);
/* The number after a key of the form "key 12\n" in text; 0 when it is not there. */
uint64_t groups_value(const char *text, const char *key);
