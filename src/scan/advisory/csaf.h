/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/advisory/unit_make.h"

/* The two halves of the reader of CSAF: what products there are, what is said of them. */

enum {
	LIMIT_CSAF_PRODUCTS = 512 * 1024, /* of branches and relationships, together */
	LIMIT_CSAF_DEPTH = 16,		  /* of branches */
};

/* The product tree of a document. All strings are borrowed from it. */
struct csaf_tree {
	json_t *products;      /* product id -> {"cpe","purl","name"}, owned */
	json_t *relationships; /* product id -> [component id, what it is of], owned */
};
int csaf_tree_read(const json_t *doc, struct csaf_tree *ret, struct err *e);
void csaf_tree_free(struct csaf_tree *t);
static inline void csaf_tree_release(struct csaf_tree *t)
{
	csaf_tree_free(t);
}

/* A package as a component of a distribution's release. */
struct csaf_package {
	char ecosystem[256];
	char name[256];	   /* "nodejs:18/nodejs" where it is of a module's stream */
	char version[256]; /* "[epoch:]version-release", "" when it has none */
	bool source;
};
/*
 * Which package a product id stands for. False for what no scan of a system's packages asks for:
 * containers, and products that are no operating systems. versioned: the id names one build, as
 * fixed products do; else a package of whatever version.
 */
bool csaf_package(const struct csaf_tree *t, const char *id, bool versioned,
		  struct csaf_package *ret);
