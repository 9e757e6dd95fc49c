/* Which pages of a machine's memory the host has ever given memory for: what saves a look at the rest
 * (machine/pages.h).
 */
#ifndef SPINNLIVE_HOST_RESIDENT_H
#define SPINNLIVE_HOST_RESIDENT_H

#include "../machine/pages.h"

/* A pages_source. */
bool resident_pages(struct pages *pages);

#endif
