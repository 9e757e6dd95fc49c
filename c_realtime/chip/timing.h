/* What things cost, in CPU cycles of 200 MHz (5 ns). Estimates, not measurements of silicon: they keep polling loops
 * and bulk transfers at a hardware-like pace, and the machine functionally faithful, not cycle-accurate. */
#ifndef SPINNLIVE_CHIP_TIMING_H
#define SPINNLIVE_CHIP_TIMING_H

#include <stdint.h>

#define CPU_HZ        200000000u /* SCAMP sets the PLLs to this; sv->cpu_clk says 200 MHz */
#define CYCLES_PER_US (CPU_HZ / 1000000u)
#define NEVER         UINT64_MAX

#define SDRAM_WAIT        12 /* a single access through the network-on-chip and the memory controller */
#define SYSRAM_WAIT       12
#define DEVICE_READ_WAIT  20
#define DEVICE_WRITE_WAIT 4 /* writes are buffered (the 0x2..., 0x4... and 0xe... aliases) */

#define DMA_SETUP_CYCLES    30
#define DMA_BYTES_PER_CYCLE 4

/* 100 Mbit/s is 12.5 bytes/us. A frame reaches the network this long after the transmit command: SCAMP frees a
 * transient IP tag 5 us after the command, and a client that answers sooner finds no free tag. */
#define ETHERNET_CYCLES_PER_BYTE 16
#define ETHERNET_LATENCY_CYCLES  (25 * CYCLES_PER_US)

/* SCAMP sets the router's clock to a third of 400 MHz; this is how many CPU cycles two of its clocks are. */
#define ROUTER_CLOCK_CPU_CYCLES_X2 3

/* The same for the clock of the system AHB, which the watchdog counts. */
#define SYSTEM_CLOCK_CPU_CYCLES_X2 3

/* How often the fabric begins with another chip and core. */
#define FABRIC_TURN_CYCLES (2 * CYCLES_PER_US)

#endif
