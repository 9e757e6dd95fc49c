"""Recordings of live runs: one append-only file with everything in and out, and its replay.

* `kinds`: what is recorded, and as what it comes back
* `codec`: values to bytes and back
* `recorder`: writes while the network runs, never in its way
* `reader`: reads a file, also one whose writer was killed
* `stage`: a live run without a board, for replays and for tests
* `replay`: plays a file to the streams of a live run
* `arrays`, `export`: a recording as arrays, as Neo or NWB

The file is an MCAP file (https://mcap.dev): docs/recording.md.
"""
