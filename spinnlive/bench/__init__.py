"""`spinnlive bench`: how fast the emulated board is, on this machine, with which networks."""
