/* Host threads that execute the chips of a time window side by side. Within a window a chip touches nothing but
 * itself, so that neither the number of threads nor their order changes what happens. */
#ifndef SPINNLIVE_MACHINE_CREW_H
#define SPINNLIVE_MACHINE_CREW_H

#include <stdint.h>

struct chip;
struct crew;

/* So many threads, of which the caller's is one; NULL if the host does not give them. */
struct crew *crew_create(unsigned threads);
void crew_destroy(struct crew *crew);

/* Execute all of these chips until `end`. */
void crew_run(struct crew *crew, struct chip *const *chips, unsigned count, uint64_t end);

#endif
