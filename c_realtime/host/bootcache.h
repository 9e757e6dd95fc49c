/* Booting SCAMP takes the emulated machine millions of instructions, and always the same ones: what an image has become
 * is kept in a folder of the user's, for the next start of the same program with the same image on the same boards.
 *
 * It changes nothing but the time that a start takes: a machine out of the cache is, bit for bit, the one that boots
 * now would be. A file that is not exactly what is looked for, or could have been written by somebody else, is passed
 * over. */
#ifndef SPINNLIVE_HOST_BOOTCACHE_H
#define SPINNLIVE_HOST_BOOTCACHE_H

#include "options.h"

/* The machine that options->image has become when it is up, booted at `unix_time`; NULL if it must be booted. */
struct machine *bootcache_take(const struct options *options, uint32_t unix_time);

/* Keep a machine that has just come up, with nothing else having happened to it. What goes wrong is left at that. */
void bootcache_keep(const struct options *options, const struct machine *machine, uint32_t unix_time);

#endif
