/* The SDRAM controller of a chip (ARM PL340). SDRAM simply works here, so its settings are taken and not looked at. */
#ifndef SPINNLIVE_CHIP_PL340_H
#define SPINNLIVE_CHIP_PL340_H

#include <stdint.h>

uint32_t pl340_read(uint32_t offset);

#endif
