/* A line of JSON that grows piece by piece, within bounds. */
#ifndef SPINNLIVE_HOST_ANSWER_H
#define SPINNLIVE_HOST_ANSWER_H

#include <stddef.h>

#define ANSWER_BYTES 16384 /* what the control port answers with fits one datagram on the loopback device */

struct answer {
    char text[ANSWER_BYTES];
    size_t length;
};

/* What does not fit is left out: whoever may write more than a few kilobytes looks at the room first. */
__attribute__((format(printf, 2, 3))) void answer_add(struct answer *answer, const char *format, ...);

/* Bytes as a JSON string, quotes and all. What is not printable ASCII is escaped. */
void answer_add_string(struct answer *answer, const char *bytes, size_t length);

/* Nothing but that something went wrong. */
void answer_error(struct answer *answer, const char *complaint);

#endif
