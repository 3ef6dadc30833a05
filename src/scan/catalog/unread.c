/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/catalog.h"

/* An image with such a list would else pass as one without packages. */
int catalog_unread(struct str text, struct catalog_out *out, struct err *e)
{
	(void)text;
	(void)out;
	return FAIL(e, E_FORMAT, "package lists of this kind are not read");
}
