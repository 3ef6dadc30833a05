/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "dockerfile/run_mount.h"

/*
 * A process that listens on a socket of its own and hands requests on to an SSH agent: those that
 * list keys and sign (draft-miller-ssh-agent, SSH_AGENTC_REQUEST_IDENTITIES and SIGN_REQUEST) and
 * the extensions that bind a session. Whatever adds, removes or locks keys is answered with failure
 * and never reaches the agent. The socket has owner and mode of m; it is the step's alone.
 */
enum {
	LIMIT_AGENT_MESSAGE = 256 * 1024, /* as OpenSSH's own agent has it */
	LIMIT_AGENT_CLIENTS = 32,	  /* at once */
};

/* Starts it; the caller ends it by SIGKILL and waits. It ends with the caller, too. */
int run_agent_start(const char *path, const struct run_mount *m, const char *agent, pid_t *ret,
		    struct err *e);

/* True for a message (its type) that is handed on. */
bool run_agent_allows(unsigned char type);
