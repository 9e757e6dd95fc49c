/* The LZ4 block format (its specification: lz4_Block_format.md of the LZ4 project): fast, simple, and readable by
 * everybody's LZ4 library. */
#ifndef SPINNLIVE_MACHINE_COMPRESS_H
#define SPINNLIVE_MACHINE_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most that `length` bytes can become. */
size_t compress_bound(size_t length);

/* Compress into `to`, which has room for compress_bound(length) bytes; returns the length of the result. */
size_t compress_block(const uint8_t *from, size_t length, uint8_t *to);

/* Undo it. False unless the block is sound and yields exactly `room` bytes; nothing is read or written outside. */
bool decompress_block(const uint8_t *from, size_t length, uint8_t *to, size_t room);

#endif
