/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "crypto/x509.h"
#include "sandbox/sandbox.h"
#include "trust/holder.h"

/* One kind of holder. sign gives a signature in the encoding of key_sign_as(). */
struct holder_ops {
	int (*sign)(struct holder *h, enum key_form form, const char *hash, const void *msg,
		    size_t n, struct buf *ret, struct err *e);
	void (*close)(struct holder *h);
};

struct holder {
	const struct holder_ops *ops;
	struct key *key;    /* the public half, signing by this holder */
	struct chain chain; /* exec: what it gave */
	/* a child's */
	struct sandbox box;
	struct sandboxed child;
	int to; /* its socket, -1 when it ended */
	int key_fd;
	int keep[2];
	const char *passphrase;
	char *where;
	/* a program's */
	char *program;
	char *id;
	json_t *config;	  /* pluginConfig, or NULL */
	struct str known; /* PEM of the public half, when there is a certificate already */
};

/* holder_child.c: the frames between a child and us, over a stream socket. */
struct holder_request {
	uint32_t form, n; /* n bytes follow: a hash, for Ed25519 the message */
	char hash[8];
};
struct holder_answer {
	int32_t code;
	uint32_t n; /* n bytes follow: a signature, or why there is none */
};

/* The child's side: tells the public key, then signs until the socket ends. */
int holder_serve(int fd, const struct key *k, struct err *e);
/* Our side, for a child that was started: reads its public key into h->key. When it has ended, its
 * own error is given. */
int holder_greet(struct holder *h, struct err *e);
extern const struct holder_ops holder_child_ops;
/* Makes h->key of the public half, which signs by this holder. */
int holder_take_public(struct holder *h, struct str pem, struct err *e);

/* holder_file.c */
int holder_start_file(struct holder *h, struct err *e);
/* holder_pkcs11.c */
int holder_start_pkcs11(struct holder *h, struct err *e);
/* holder_exec.c */
int holder_start_exec(struct holder *h, struct err *e);

/*
 * holder_program.c: runs a key's program once: program COMMAND, request on its standard input, its
 * answer as JSON. It has LIMIT_PROGRAM_MS and may say LIMIT_PROGRAM_OUT bytes; what it writes to
 * standard error is shown bounded, as an error. E_REMOTE when it fails.
 */
enum {
	LIMIT_PROGRAM_MS = 60 * 1000,
	LIMIT_PROGRAM_OUT = 1 << 20,
	LIMIT_PROGRAM_ERR = 4096, /* kept; the rest is read and dropped */
};
int program_check(const char *path, struct err *e);
int program_ask(const char *path, const char *command, const json_t *request, json_t **ret,
		struct err *e);
