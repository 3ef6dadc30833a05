/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* TEST(name) { ... } registers itself in a linker section; TAP_MAIN() runs them, one TAP line each.
 */
#include <stdio.h>
#include <string.h>

struct tap_test {
	const char *name;
	void (*run)(void);
};
extern const struct tap_test __start_tap_tests[] __attribute__((weak)),
	__stop_tap_tests[] __attribute__((weak));
extern int tap_failed;
extern const char *tap_skipped;

#define TEST(id)                                                                                   \
	static void test_##id(void);                                                               \
	static const struct tap_test tap_##id                                                      \
		__attribute__((used, retain, section("tap_tests"),                                 \
			       aligned(__alignof__(struct tap_test)))) = { #id, test_##id };       \
	static void test_##id(void)
#define CHECK(cond)                                                                                \
	((cond) ? (void)0                                                                          \
		: (tap_failed = 1, (void)printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond)))
#define CHECK_STR(a, b)                                                                            \
	(strcmp((a), (b)) == 0 ? (void)0                                                           \
			       : (tap_failed = 1, (void)printf("# %s:%d: '%s' != '%s'\n",          \
							       __FILE__, __LINE__, (a), (b))))
/* Ends a test that cannot be tried here; the reason is printed beside its name. */
#define TAP_SKIP(reason)                                                                           \
	do {                                                                                       \
		tap_skipped = (reason);                                                            \
		return;                                                                            \
	} while (0)
#define TAP_MAIN()                                                                                 \
	int tap_failed;                                                                            \
	const char *tap_skipped;                                                                   \
	int main(void)                                                                             \
	{                                                                                          \
		int bad = 0, i = 0;                                                                \
		printf("1..%td\n", __stop_tap_tests - __start_tap_tests);                          \
		for (const struct tap_test *t = __start_tap_tests; t < __stop_tap_tests; t++) {    \
			tap_failed = 0;                                                            \
			tap_skipped = NULL;                                                        \
			t->run();                                                                  \
			printf("%sok %d - %s%s%s\n", tap_failed ? "not " : "", ++i, t->name,       \
			       tap_skipped ? " # SKIP " : "", tap_skipped ? tap_skipped : "");     \
			bad |= tap_failed;                                                         \
		}                                                                                  \
		return bad;                                                                        \
	}
