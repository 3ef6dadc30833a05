/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/holder_internal.h"
int holder_start_pkcs11(struct holder *h, struct err *e)
{
	(void)h;
	return FAIL(e, E_USAGE, "keys of this kind are not supported yet");
}
