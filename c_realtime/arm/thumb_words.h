/* Thumb instructions as the ARM instructions that do the same. */
#ifndef SPINNLIVE_ARM_THUMB_WORDS_H
#define SPINNLIVE_ARM_THUMB_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* The ARM word for a Thumb half-word, r15 being read as *pc_value; 0 if there is none: branches, high-register
 * operations that write the pc, exceptions. */
uint32_t arm_word_of_thumb(uint32_t half, uint32_t pc, uint32_t *pc_value);

#endif
