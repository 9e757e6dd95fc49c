"""The live run: a network on a board with async streams in and out. Knows no class of sPyNNaker.

* `open`: `open_live`, which puts all of the following together
* `run`: `LiveRun`, what the user holds
* `streams`, `spikes`: bounded streams; spikes from the socket to their readers
* `injector`: spikes in
* `clock`: the board's time on the host
* `weights`, `rows`: weights while running
* `watch`: failed cores and lost boards
* `client`, `notifications`, `database`, `receiver`, `keys`: the official handshake, played by us
* `worker`, `services`: sPyNNaker's thread, and tasks that outlast cancellation
* `tap`: where everything passes by a recorder
* `board`, `progress`: which board; the line on the terminal
"""
