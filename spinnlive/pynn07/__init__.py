"""PyNN 0.7, the dialect of the SpiNNaker workshop of 2016, over today's ``pyNN.spiNNaker``.

`install` makes that module accept both dialects, call by call; see `install.py`. Importing this
package does not import sPyNNaker.

* `population`, `recording`, `files`: cells, what they recorded, the text files of 0.7
* `projection`, `connectors`, `pairs`, `plasticity`: synapses; connectors that carry weights
* `functions`, `network`: the module's functions, and what 0.7 remembers between them
* `names`: which names of the module are ours; `genuine`: the module that sPyNNaker ships
"""

from spinnlive.pynn07.install import install

__all__ = ["install"]
