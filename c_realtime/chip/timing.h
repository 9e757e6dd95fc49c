/* What things cost outside the cores, in CPU cycles of 200 MHz (5 ns). docs/timing.md has the source of each number,
 * and says which are measured, which published and which estimated; arm/internal.h has what instructions cost. */
#ifndef SPINNLIVE_CHIP_TIMING_H
#define SPINNLIVE_CHIP_TIMING_H

#include <stdint.h>

#define CPU_HZ        200000000u /* SCAMP sets the PLLs to this; sv->cpu_clk says 200 MHz */
#define CYCLES_PER_US (CPU_HZ / 1000000u)
#define NEVER         UINT64_MAX

/* Single accesses through the network-on-chip. Stores go to a write buffer, and the core goes on. */
#define SDRAM_LOAD_WAIT  20
#define SYSRAM_LOAD_WAIT 12
#define DEVICE_READ_WAIT 20
#define BUFFERED_WAIT    4

/* A transfer of the DMA controller: before its first word, and for each. The memory feeds so many transfers of a chip
 * at that pace, in quarters; more share it. */
#define DMA_SETUP_CYCLES    30
#define DMA_CYCLES_PER_WORD 3
#define DMA_STREAMS_X4      15

/* 100 Mbit/s is 12.5 bytes/us; beside its bytes a frame has a preamble, a check sequence and a gap behind it. It
 * reaches the network this long after the transmit command: SCAMP frees a transient IP tag 5 us after the command, and
 * a client that answers sooner finds no free tag. */
#define ETHERNET_CYCLES_PER_BYTE 16
#define ETHERNET_OVERHEAD_BYTES  (8 + 4 + 12)
#define ETHERNET_LATENCY_CYCLES  (25 * CYCLES_PER_US)

/* SCAMP sets the router's clock to a third of 400 MHz; this is how many CPU cycles two of its clocks are. */
#define ROUTER_CLOCK_CPU_CYCLES_X2 3

/* The same for the clock of the system AHB, which the watchdog counts. */
#define SYSTEM_CLOCK_CPU_CYCLES_X2 3

/* How often the fabric begins with another chip and core. */
#define FABRIC_TURN_CYCLES (2 * CYCLES_PER_US)

#endif
