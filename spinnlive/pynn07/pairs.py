"""Connections listed one by one on the host, for weights and delays that depend on the pair.

sPyNNaker makes connections on the board and takes a number or a RandomDistribution for all of them;
PyNN 0.7 also takes arrays, expressions and functions of the distance. For those the pairs are drawn
here and handed to sPyNNaker as a list.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinnlive.errors import UsageError
from spinnlive.pynn07 import connectors
from spinnlive.pynn07.connectors import Carried
from spinnlive.pynn07.genuine import sim
from spinnlive.toolchain import timing

Pairs = NDArray[np.int64]
Values = NDArray[np.float64]


def needs_listing(connector: Any, carried: Carried, rng: Any) -> bool:
    """Say whether the board cannot make these connections: weights or delays depend on the pair, or
    a generator with a seed is to draw what the board draws itself."""
    values = (carried.weights, carried.delays)
    if any(_depends_on_pair(value) for value in values):
        return True
    if not isinstance(connector, ON_BOARD):
        return False
    drawing = [value.rng for value in values if hasattr(value, "next")]
    return any(is_seeded(each) for each in (*drawing, rng, connector.parameters.get("rng")))


def is_seeded(rng: Any) -> bool:
    """Say whether a random number generator was given a seed, which the board cannot follow."""
    return getattr(rng, "seed", None) is not None


def _depends_on_pair(value: Any) -> bool:
    if isinstance(value, str | list | tuple | np.ndarray):
        return True
    return callable(value) and not hasattr(value, "next")


ON_BOARD = (
    connectors.OneToOneConnector,
    connectors.AllToAllConnector,
    connectors.FixedProbabilityConnector,
    connectors.FixedNumberPreConnector,
    connectors.FixedNumberPostConnector,
    connectors.MultapseConnector,
)
"""Connectors whose connections the board makes."""


def listed(connector: Any, carried: Carried, pre: Any, post: Any, rng: Any = None) -> Any:
    """Make a FromListConnector of `table`."""
    return sim.FromListConnector(table(connector, carried, pre, post, rng))


def table(connector: Any, carried: Carried, pre: Any, post: Any, rng: Any = None) -> Values:
    """Make the rows (pre, post, weight, delay) of each connection, by pre, then by post; ``rng``
    draws the pairs of a connector without a generator of its own.

    Raises UsageError for a connector whose pairs only sPyNNaker draws, and for an array that has
    not one value for each connection.
    """
    pairs = _pairs(connector, carried, pre, post, rng)
    weights = _values("weights", carried.weights, pairs, carried, pre, post)
    delays = carried.delays if carried.delays is not None else timing.min_delay_ms()
    times = _values("delays", delays, pairs, carried, pre, post)
    return np.column_stack([pairs, weights, times])


def _pairs(connector: Any, carried: Carried, pre: Any, post: Any, rng: Any) -> Pairs:
    """Draw the pairs (pre, post) of a connector, sorted."""
    if isinstance(connector, connectors.OneToOneConnector):
        diagonal = np.arange(min(pre.size, post.size))
        return np.column_stack([diagonal, diagonal])
    own = connector.parameters
    rng = own.get("rng") or rng or np.random
    if isinstance(connector, connectors.MultapseConnector):
        drawn = (_uniform(rng, (own["n"],)) * pre.size * post.size).astype(int)
        return np.column_stack(np.divmod(np.sort(drawn), post.size))
    wanted = np.ones((pre.size, post.size))
    if pre is post and not own.get("allow_self_connections", True):
        np.fill_diagonal(wanted, 0.0)
    if isinstance(connector, connectors.AllToAllConnector):
        chosen = wanted > 0
    elif isinstance(connector, connectors.FixedProbabilityConnector):
        chosen = wanted * (1.0 - _uniform(rng, wanted.shape)) > 1.0 - own["p_connect"]
    elif isinstance(connector, connectors.DistanceDependentProbabilityConnector):
        everyone = np.argwhere(np.ones(wanted.shape))
        chances = _of_distance(own["d_expression"], everyone, carried, pre, post)
        chosen = wanted * (1.0 - _uniform(rng, wanted.shape)) > 1.0 - chances.reshape(wanted.shape)
    elif isinstance(connector, connectors.FixedNumberPreConnector):
        chosen = _chosen(wanted * (2.0 - _uniform(rng, wanted.shape)), own["n"], axis=0)
    elif isinstance(connector, connectors.FixedNumberPostConnector):
        chosen = _chosen(wanted * (2.0 - _uniform(rng, wanted.shape)), own["n"], axis=1)
    else:
        raise UsageError(
            f"{type(connector).__name__} takes a number or a RandomDistribution for weights and "
            "delays; for arrays and expressions of the distance use FromListConnector"
        )
    return np.argwhere(chosen)


def _uniform(rng: Any, shape: tuple[int, ...]) -> Values:
    return np.asarray(rng.uniform(0.0, 1.0, size=int(np.prod(shape)))).reshape(shape)


def _chosen(priority: Values, n: int, axis: int) -> NDArray[np.bool_]:
    """Choose the ``n`` of highest priority along an axis; those of priority 0 never."""
    rank = np.argsort(np.argsort(-priority, axis=axis), axis=axis)
    return (rank < n) & (priority > 0)


def _values(name: str, value: Any, pairs: Pairs, carried: Carried, pre: Any, post: Any) -> Values:
    """Give one value for each pair."""
    count = len(pairs)
    if hasattr(value, "next"):
        return np.atleast_1d(value.next(count)).astype(float)
    if isinstance(value, str) or callable(value):
        return _of_distance(value, pairs, carried, pre, post)
    given = np.asarray(value, dtype=float)
    if given.ndim == 0:
        return np.full(count, float(given))
    if given.shape == (pre.size, post.size):
        return given[pairs[:, 0], pairs[:, 1]]
    if given.shape != (count,):
        raise UsageError(
            f"{name} of shape {given.shape} do not fit the {count} connections from "
            f"{pre.label!r} to {post.label!r}: give one for each, or an array of shape "
            f"({pre.size}, {post.size})"
        )
    return given


def _of_distance(value: Any, pairs: Pairs, carried: Carried, pre: Any, post: Any) -> Values:
    """Evaluate an expression or function of the distance d; d[0] to d[2] are its coordinates."""
    expand = isinstance(value, str) and re.search(r"\bd\[", value) is not None
    space = carried.space if carried.space is not None else sim.Space()
    distances = space.distances(_positions(pre), _positions(post), expand)
    grid = distances.reshape(-1, pre.size, post.size)[:, pairs[:, 0], pairs[:, 1]]
    d = grid if expand else grid[0]
    if callable(value):
        return np.asarray([value(each) for each in d], dtype=float)
    names = {name: getattr(np, name) for name in dir(np) if not name.startswith("_")}
    result = eval(value, {"__builtins__": {"abs": abs}}, {**names, "d": d})
    return np.broadcast_to(np.asarray(result, dtype=float), (len(pairs),)).copy()


def _positions(population: Any) -> Values:
    """Give the cells' positions, shape (size, 3); without a structure they are on a Line, as in
    0.7."""
    if population.structure is None:
        return np.asarray(sim.Line().generate_positions(population.size), dtype=float).T
    return np.asarray(population.positions, dtype=float)
