"""Projection that takes PyNN 0.7's call beside today's, and gives weights as 0.7 does."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinnlive.errors import RunStateError
from spinnlive.pynn07 import connectors, network, pairs
from spinnlive.pynn07.connectors import Carried
from spinnlive.pynn07.files import write_rows
from spinnlive.pynn07.genuine import sim
from spinnlive.pynn07.plasticity import SynapseDynamics, fractions_of, synapse_type
from spinnlive.toolchain import recorded

Values = NDArray[np.float64]

EXCITATORY = "excitatory"

_OLD_KEYWORDS = ("method", "target", "synapse_dynamics", "rng")

_PYTHONIC = {
    "presynaptic_population": "pre_synaptic_population",
    "postsynaptic_population": "post_synaptic_population",
}
"""Today's function Projection has other names for two arguments than the class behind it."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One synapse: indices of its neurons, weight (nA or µS), delay (ms)."""

    pre: int
    post: int
    weight: float
    delay: float


class Projection(sim.SpiNNakerProjection):
    """The connections from one population to another.

    0.7: ``(pre, post, method, source=None, target=None, synapse_dynamics=None, label=None,
    rng=None)`` with a connector that carries weights and delays. Today: as
    ``pyNN.spiNNaker.Projection``. Raises UsageError when both ways to give weights are used.
    """

    def __init__(
        self, presynaptic_population: Any, postsynaptic_population: Any, *args: Any, **keywords: Any
    ) -> None:
        ends = (presynaptic_population, postsynaptic_population)
        self._fractions: dict[str, float] = {}
        if _is_07(args, keywords):
            network.heard_07()
            todays = _todays(*ends, _arguments(*args, **keywords))
            self._fractions = fractions_of(todays["synapse_type"])
            super().__init__(*ends, **todays)
            return
        call = inspect.signature(sim.Projection).bind(*ends, *args, **keywords)
        call.apply_defaults()
        if call.arguments["synapse_type"] is not None:
            connectors.refuse_both(call.arguments["connector"])
        super().__init__(
            **{_PYTHONIC.get(name, name): value for name, value in call.arguments.items()}
        )

    def getWeights(self, format: str = "list", gather: bool = True) -> Values:  # noqa: N802
        """Give the weights (nA or µS).

        ``"list"``: a flat array by pre, then by post. ``"array"``: shape (pre.size, post.size),
        NaN where there is no connection, the sum where there are several. Raises RunStateError
        before the first run: the board makes the connections.
        """
        return self._values("weight", format)

    def getDelays(self, format: str = "list", gather: bool = True) -> Values:  # noqa: N802
        """Give the delays (ms), shaped as the weights."""
        return self._values("delay", format)

    def getSynapseDynamics(  # noqa: N802
        self, parameter_name: str, format: str = "list", gather: bool = True
    ) -> Values:
        """Give a parameter of the synapses' plasticity, shaped as the weights; A_plus and A_minus in
        the fractions that they were given in."""
        if parameter_name not in self._fractions:
            return self._values(parameter_name, format)
        weights = self._values("weight", format)
        return np.where(np.isnan(weights), np.nan, self._fractions[parameter_name])

    def printWeights(self, file: Any, format: str = "list", gather: bool = True) -> None:  # noqa: N802
        """Write the weights to a file; 0 in an array where there is no connection."""
        self._print("weight", file, format)

    def printDelays(self, file: Any, format: str = "list", gather: bool = True) -> None:  # noqa: N802
        """Write the delays to a file, as the weights."""
        self._print("delay", file, format)

    def saveConnections(  # noqa: N802
        self, file: Any, gather: bool = True, compatible_output: bool = True
    ) -> None:
        """Write a row ``pre post weight delay`` for each connection; FromFileConnector reads it."""
        rows = self._rows("weight", "delay")
        write_rows(file, rows, {"columns": ["i", "j", "weight", "delay"]})

    def weightHistogram(  # noqa: N802
        self, min: float | None = None, max: float | None = None, nbins: int = 10
    ) -> tuple[NDArray[np.int64], Values]:
        """Give numpy's histogram of the weights: counts, and nbins + 1 edges."""
        weights = self.getWeights()
        low = weights.min() if min is None else min
        high = weights.max() if max is None else max
        return np.histogram(weights, bins=nbins, range=(low, high))

    def size(self, gather: bool = True) -> int:
        """Give the number of connections."""
        return len(self._rows("weight"))

    def __len__(self) -> int:
        return self.size()

    def __bool__(self) -> bool:
        return True  # today's has no length, so a projection is true whatever it holds

    def __getitem__(self, index: int) -> Connection:
        pre, post, weight, delay = self._rows("weight", "delay")[index]
        return Connection(int(pre), int(post), float(weight), float(delay))

    def setWeights(self, w: Any) -> None:  # noqa: N802
        """Not on SpiNNaker: the weights are the connector's until the run, then the board's."""
        raise _NO_SETTING

    setDelays = randomizeWeights = randomizeDelays = setWeights  # noqa: N815

    def setSynapseDynamics(self, param: str, value: Any) -> None:  # noqa: N802
        """Not on SpiNNaker, as `setWeights`."""
        raise _NO_SETTING

    randomizeSynapseDynamics = setSynapseDynamics  # noqa: N815

    def _rows(self, *names: str) -> Values:
        """Give (pre, post, value, ...) of each connection, by pre, then by post."""
        if not recorded.ran_ever():
            raise RunStateError(
                f"the weights and delays of {self.label!r} are made on the board: read them after "
                "run()"
            )
        found = self.get(list(names), format="list", with_address=True)
        rows = np.asarray([tuple(each) for each in found], dtype=float)
        rows = rows.reshape(-1, 2 + len(names))
        in_order: Values = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
        return in_order

    def _values(self, name: str, format: str) -> Values:
        rows = self._rows(name)
        if format == "list":
            return rows[:, 2]
        if format != "array":
            raise ValueError(f'format is "list" or "array", not {format!r}')
        ends: tuple[Any, Any] = (self.pre, self.post)
        sizes = [getattr(end, "grandparent", end).size for end in ends]
        sums, counts = np.zeros(sizes), np.zeros(sizes)
        where = tuple(rows[:, :2].astype(int).T)
        np.add.at(sums, where, rows[:, 2])
        np.add.at(counts, where, 1)
        return np.where(counts > 0, sums, np.nan)

    def _print(self, name: str, file: Any, format: str) -> None:
        values = np.nan_to_num(self._values(name, format))
        write_rows(file, values, {"label": self.label, "format": format})


_NO_SETTING = NotImplementedError(
    "sPyNNaker does not change weights and delays after they are made: give them to the connector"
)


@dataclass(frozen=True, slots=True)
class _Call:
    """The arguments of 0.7 after the two populations."""

    method: Any
    source: Any
    target: Any
    synapse_dynamics: Any
    label: str | None
    rng: Any


def _arguments(
    method: Any = None,
    source: Any = None,
    target: Any = None,
    synapse_dynamics: Any = None,
    label: str | None = None,
    rng: Any = None,
    connector: Any = None,
) -> _Call:
    return _Call(method or connector, source, target, synapse_dynamics, label, rng)


def _is_07(args: tuple[Any, ...], keywords: dict[str, Any]) -> bool:
    """Tell the dialect of a call by what stands behind the populations.

    0.7's: a keyword of its own; a name where today's has a synapse type or nothing (4th and 5th
    argument), or a SynapseDynamics (6th); or a connector that carries weights and no synapse type.
    """
    if any(name in keywords for name in _OLD_KEYWORDS):
        return True
    if any(isinstance(each, str) for each in args[1:3]):
        return True
    if any(isinstance(each, SynapseDynamics) for each in args):
        return True
    connector = args[0] if args else keywords.get("connector")
    if connectors.carried_by(connector) is None:
        return False
    return keywords.keys() <= {"connector", "source", "label"} and not any(args[1:])


def _todays(pre: Any, post: Any, call: _Call) -> dict[str, Any]:
    """Turn a call of 0.7 into the arguments of today's class."""
    connector = call.method
    carried = connectors.carried_by(connector) or Carried()
    weight, delay = carried.weights, carried.delays
    if pairs.needs_listing(connector, carried, call.rng):
        connector = pairs.listed(connector, carried, pre, post, call.rng)
        weight, delay = 0.0, None  # each row has its own
    elif isinstance(connector, connectors.Carrier):
        connector = connector.fresh(call.rng)
    return {
        "connector": connector,
        "synapse_type": synapse_type(call.synapse_dynamics, weight, delay),
        "source": call.source,
        "receptor_type": call.target or EXCITATORY,
        "space": carried.space,
        "label": call.label,
    }
