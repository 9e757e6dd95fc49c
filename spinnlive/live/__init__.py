"""The live run: a network on a board with async streams in and out. Knows no class of sPyNNaker.

* `open`: `open_live`, which puts all of the following together
* `run`: `LiveRun`, what the user holds
* `streams`, `spikes`: bounded streams; spikes from the socket to their readers
* `injector`, `timetable`: spikes in, now or in their tick
* `intake`, `window`: datagrams to a core, no faster than it takes them
* `clock`, `alarm`: the board's time on the host; waking up in time
* `spif`: event cameras in, SPIF out
* `weights`, `rows`: weights while running
* `listing`: what it says of its network
* `watch`: failed cores and lost boards
* `client`, `notifications`, `database`, `receiver`, `keys`: the official handshake, played by us
* `worker`, `services`: sPyNNaker's thread, and tasks that outlast cancellation
* `tap`: where everything passes by a recorder
* `board`, `progress`: which board; the line on the terminal
"""
