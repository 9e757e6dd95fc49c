"""Connectors that carry weights and delays, as PyNN 0.7's do.

Each is a subclass of today's connector and, called as today, nothing else. Called with
``weights=``, ``delays=`` or their positional forms it keeps them for `Projection`, which makes a
fresh connector of it, since in 0.7 one connector may serve several projections.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from spinnlive.errors import UsageError
from spinnlive.pynn07.genuine import sim

DEFAULT_DELAY_MS = 1.0
"""sPyNNaker's default in 2016, whatever the time step; PyNN 0.7.5's own is the smallest delay."""

_CARRIED = ("weights", "delays", "space")


@dataclass(frozen=True, slots=True)
class Carried:
    """Weights (nA or µS), delays (ms) and space that a connector was given.

    Weights and delays: a number, a RandomDistribution, an array, an expression or a function of the
    distance. A delay of None is the smallest that the simulation knows.
    """

    weights: Any = 0.0
    delays: Any = DEFAULT_DELAY_MS
    space: Any = None


class Carrier:
    """The mix-in in front of today's connector.

    ``LEADING`` are the arguments that come first in both dialects. ``call`` is the call of today's
    connector and ``parameters`` its arguments by name; ``carried`` is None unless the call was
    0.7's.
    """

    LEADING: ClassVar[tuple[str, ...]] = ()
    POSITIONAL: ClassVar[bool] = True
    """Whether weights and delays may follow those without a keyword."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        self.call, self.carried = _told_apart(type(self), args, keywords)
        self.parameters = {**dict(zip(self.LEADING, args, strict=False)), **self.call[1]}
        self._made_of = (args, keywords)
        super().__init__(*self.call[0], **self.call[1])

    def fresh(self, rng: Any = None) -> Any:
        """Make another connector like this one, drawing from ``rng`` where it can and was not given
        one of its own."""
        args, keywords = self._made_of
        if rng is not None and isinstance(self, _DRAWS):
            keywords = {"rng": rng, **keywords}
        return type(self)(*args, **keywords)


Call = tuple[tuple[Any, ...], dict[str, Any]]


def _told_apart(
    cls: type[Carrier], args: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[Call, Carried | None]:
    """Tell the dialect of a call; give the call of today's connector, and what 0.7's carries.

    0.7's is known by a keyword of its own, or by a number, a distribution or an array where today's
    takes a flag. The flag ``allow_self_connections`` stands before the weights in 0.7.5 and after
    the delays in sPyNNaker's FixedProbabilityConnector: both are understood.
    """
    leading = len(cls.LEADING)
    rest = list(args[leading:])
    flags = 1 if rest and isinstance(rest[0], bool) and issubclass(cls, _SELF) else 0
    old_position = cls.POSITIONAL and len(rest) > flags and _is_value(rest[flags])
    own = dict(zip(cls.LEADING, args, strict=False))
    if not old_position and not any(name in keywords for name in _CARRIED):
        if flags and len(rest) == 1:  # by keyword only in some of today's connectors
            return ((), {**own, "allow_self_connections": rest[0], **keywords}), None
        return (args, keywords), None
    if flags:
        own["allow_self_connections"] = rest.pop(0)
    carried = {name: rest.pop(0) for name in ("weights", "delays") if rest}
    if rest and isinstance(rest[0], bool) and not flags and issubclass(cls, _SELF):
        own["allow_self_connections"] = rest.pop(0)
    flags_left = [each for each in rest if isinstance(each, bool)]  # the space is by keyword
    own.update(zip(("safe", "verbose"), flags_left, strict=False))
    carried |= {name: keywords[name] for name in _CARRIED if name in keywords}
    own |= {name: value for name, value in keywords.items() if name not in _CARRIED}
    return ((), own), Carried(**carried)


def _is_value(argument: Any) -> bool:
    return argument is not None and not isinstance(argument, bool) and not callable(argument)


class OneToOneConnector(Carrier, sim.OneToOneConnector):
    """Each neuron to the one of the same index: ``(weights=0.0, delays=1.0)``."""


class AllToAllConnector(Carrier, sim.AllToAllConnector):
    """Every neuron to every other: ``(allow_self_connections=True, weights=0.0, delays=1.0)``."""


class FixedProbabilityConnector(Carrier, sim.FixedProbabilityConnector):
    """Each pair with a probability: ``(p_connect, weights=0.0, delays=1.0)``."""

    LEADING = ("p_connect",)


class DistanceDependentProbabilityConnector(Carrier, sim.DistanceDependentProbabilityConnector):
    """Each pair with a probability that depends on its distance ``d``."""

    LEADING = ("d_expression",)


class FixedNumberPreConnector(Carrier, sim.FixedNumberPreConnector):
    """To each neuron from ``n`` drawn ones."""

    LEADING = ("n",)


class FixedNumberPostConnector(Carrier, sim.FixedNumberPostConnector):
    """From each neuron to ``n`` drawn ones."""

    LEADING = ("n",)


class MultapseConnector(Carrier, sim.FixedTotalNumberConnector):
    """``n`` connections between drawn pairs; sPyNNaker's name of 2016, today's is
    FixedTotalNumberConnector."""

    LEADING = ("n",)

    def __init__(self, *args: Any, **keywords: Any) -> None:
        if "num_synapses" in keywords:
            keywords["n"] = keywords.pop("num_synapses")
        super().__init__(*args, **keywords)


class SmallWorldConnector(Carrier, sim.SmallWorldConnector):
    """Neighbours, some of them rewired: ``(degree, rewiring, ...)``."""

    LEADING = ("degree", "rewiring")


class CSAConnector(Carrier, sim.CSAConnector):
    """A connection set of the csa package: ``(cset, weights=None, delays=None)``."""

    LEADING = ("cset",)


class _Listed(Carrier):
    """A connector whose rows ``(pre, post, weight, delay)`` have all; what follows them in 0.7 are
    ``FLAGS``."""

    POSITIONAL = False
    FLAGS: ClassVar[tuple[str, ...]] = ("safe", "verbose")

    def __init__(self, source: Any, *rest: Any, **keywords: Any) -> None:
        if rest and all(isinstance(each, bool) for each in rest):
            keywords |= dict(zip(self.FLAGS, rest, strict=False))
            rest = ()
        super().__init__(source, *rest, **keywords)


class FromListConnector(_Listed, sim.FromListConnector):
    """Connections from a list of rows ``(pre, post, weight, delay)``."""

    LEADING = ("conn_list",)


class FromFileConnector(_Listed, sim.FromFileConnector):
    """Connections from a text file of rows ``pre post weight delay``."""

    LEADING = ("file",)
    FLAGS = ("distributed", "safe", "verbose")


_SELF = (
    AllToAllConnector,
    FixedProbabilityConnector,
    DistanceDependentProbabilityConnector,
    FixedNumberPreConnector,
    FixedNumberPostConnector,
    MultapseConnector,
    SmallWorldConnector,
)
"""Those that take ``allow_self_connections``."""

_DRAWS = (
    FixedProbabilityConnector,
    DistanceDependentProbabilityConnector,
    FixedNumberPreConnector,
    FixedNumberPostConnector,
    MultapseConnector,
    SmallWorldConnector,
)
"""Those that take a random number generator."""


def carried_by(connector: Any) -> Carried | None:
    """Give what a connector carries; None for one that was made as today."""
    return getattr(connector, "carried", None)


def refuse_both(connector: Any) -> None:
    """Raise UsageError when a connector carries weights though the synapse type has them."""
    if carried_by(connector) is not None:
        raise UsageError(
            f"{type(connector).__name__} was given weights or delays, as in PyNN 0.7, and the "
            "projection a synapse_type, as today: give weight= and delay= to the synapse_type, or "
            "leave it out"
        )
