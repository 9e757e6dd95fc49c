"""The live run: a network on a board with async streams in and out. Knows no class of sPyNNaker.

* `open`: `open_live`, which puts all of the following together
* `run`: `LiveRun`, what the user holds; by subject: `run_time`, `run_output`, `run_input`, `run_memory`; `run_base`
* `parts`, `course`, `ticks`: what it is made of; where it stands; durations in ticks
* `sources`: where it has weights, samples and telemetry from: a board, a recording, a script
* `streams`, `feed`: the contract of every stream; streams that a task fills
* `spikes`, `merge`, `windows`, `waiting`, `readers`: spikes from the socket to their readers
* `watermark`, `loss`, `delivery`, `report`, `statistics`: how far the spikes have come, and what was lost
* `injector`, `timetable`: spikes in, now or in their tick
* `rates`: rates of Poisson populations
* `intake`, `window`, `outbox`: datagrams to a core, no faster than it takes them
* `stepping`, `standing`: the network advances step by step
* `clock`, `estimate`, `alarm`: the board's time on the host, what follows from what is heard, waking up in time
* `pace`: clock and telemetry streams, stalls
* `weights`, `rows`: weights while running
* `watch`, `pulse`: failed cores, dead cores and lost boards
* `spif`: event cameras in, SPIF out
* `matrices`, `setting`, `recorded`: matrices on the board, writing them, recordings while they grow
* `listing`: what it says of its network
* `client`, `notifications`, `database`, `receiver`, `datagrams`, `keys`: the official handshake, played by us
* `worker`, `services`: sPyNNaker's thread, and tasks that outlast cancellation
* `tap`: where everything passes by a recorder
* `board`, `progress`: which board; the line on the terminal
"""
