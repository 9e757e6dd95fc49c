"""spinnlive runs a PyNN network on a SpiNNaker board live: spikes in, spikes out, weights and time as async streams.

Importing it also lets ``sim.setup()`` of ``pyNN.spiNNaker`` work without a cfg file and without writing one, whichever
of the two is imported first; see `spinnlive.toolchain.defaults`.
"""

from spinnlive.toolchain import defaults as _defaults

_defaults.arrange()
