"""Other worlds' ways of streaming, each an extra with a module of its own.

`spinnlive.bridges.lsl` speaks Lab Streaming Layer, `spinnlive.bridges.zenoh` speaks Zenoh. Both take
a live run and the names of populations, and nothing else of spinnlive.
"""
