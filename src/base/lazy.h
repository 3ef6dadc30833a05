/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Libraries that are loaded with the first call of one of their functions: linking them takes more
 * time than most of what a command does, and the supervisor of a container needs none of them. The
 * calls go through assembly that tools/lazy-calls writes when the program is built; on other
 * machines than x86-64, under the sanitizers and in tests the libraries are linked as ever, and
 * this does nothing.
 *
 * From then on the addresses are read-only, as they would be from the start (-z now).
 */

/* Those that are not loaded yet, but only those whose name (libNAME.so.N) begins with a word of the
 * list; NULL: all of them. Before a child can no more: one that is about to give up its right to
 * open files. A library that is not there ends the program, as it would have at its start. */
void lazy_load(const char *const *words);

/* Has a function called as soon as the library of such a name is there, before its first call: now,
 * where it is linked. */
void lazy_begin(const char *word, void (*begin)(void));
