"""Which dialect a connector was called in, and what it then carries; no board."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spinnlive.errors import UsageError
from spinnlive.pynn07 import connectors as c
from spinnlive.pynn07 import pairs
from spinnlive.pynn07.connectors import Carried
from spinnlive.pynn07.genuine import sim


@pytest.mark.parametrize(
    ("connector", "carried", "parameters"),
    [
        (c.OneToOneConnector(5.0, 2.0), Carried(5.0, 2.0), {}),
        (c.OneToOneConnector(weights=5.0), Carried(5.0, 1.0), {}),
        (c.OneToOneConnector(delays=None), Carried(0.0, None), {}),
        (
            c.AllToAllConnector(False, 5.0, 2.0),
            Carried(5.0, 2.0),
            {"allow_self_connections": False},
        ),
        (c.AllToAllConnector(5.0), Carried(5.0), {}),
        (
            c.FixedProbabilityConnector(0.5, 5.0, 2.0, False),
            Carried(5.0, 2.0),
            {"p_connect": 0.5, "allow_self_connections": False},
        ),
        (
            c.FixedProbabilityConnector(0.5, False, 5.0, 2.0, safe=False),
            Carried(5.0, 2.0),
            {"p_connect": 0.5, "allow_self_connections": False, "safe": False},
        ),
        (
            c.FixedNumberPostConnector(3, True, weights=1.0),
            Carried(1.0),
            {"n": 3, "allow_self_connections": True},
        ),
        (c.MultapseConnector(num_synapses=9, weights=1.0), Carried(1.0), {"n": 9}),
        (
            c.SmallWorldConnector(0.5, 0.1, weights="d"),
            Carried("d"),
            {"degree": 0.5, "rewiring": 0.1},
        ),
    ],
)
def test_07(connector: c.Carrier, carried: Carried, parameters: dict[str, Any]) -> None:
    assert connector.carried == carried
    assert connector.parameters == parameters
    fresh = connector.fresh()
    assert type(fresh) is type(connector)
    assert fresh is not connector
    assert fresh.carried == carried


@pytest.mark.parametrize(
    "connector",
    [
        c.OneToOneConnector(),
        c.OneToOneConnector(True),
        c.AllToAllConnector(False),
        c.AllToAllConnector(allow_self_connections=False),
        c.FixedProbabilityConnector(0.5, False),
        c.FixedProbabilityConnector(p_connect=0.5),
        c.FixedNumberPreConnector(3, with_replacement=True),
    ],
)
def test_today(connector: c.Carrier) -> None:
    assert connector.carried is None


def test_they_are_todays_classes() -> None:
    for name in ("OneToOneConnector", "AllToAllConnector", "FromListConnector"):
        assert issubclass(getattr(c, name), getattr(sim, name))


class Cells:
    """As much of a population as the listing of pairs looks at."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.label = f"{size} cells"
        self.structure = None


def listed(connector: c.Carrier, pre: Cells, post: Cells) -> np.ndarray:
    assert connector.carried is not None
    assert pairs.needs_listing(connector, connector.carried, None)
    return pairs.table(connector, connector.carried, pre, post)


def test_one_value_for_each_connection() -> None:
    rows = listed(c.OneToOneConnector(weights=[1, 2, 3], delays=2.0), Cells(3), Cells(5))
    assert rows.tolist() == [[0, 0, 1, 2], [1, 1, 2, 2], [2, 2, 3, 2]]
    cells = Cells(3)
    rows = listed(c.AllToAllConnector(False, weights=np.arange(6), delays="1 + d"), cells, cells)
    assert rows[:, :2].tolist() == [[0, 1], [0, 2], [1, 0], [1, 2], [2, 0], [2, 1]]
    assert rows[:, 2].tolist() == [0, 1, 2, 3, 4, 5]
    assert rows[:, 3].tolist() == [2, 3, 2, 2, 3, 2]


def test_an_array_of_pre_by_post_serves_any_connector() -> None:
    grid = np.arange(20.0).reshape(4, 5)
    for connector in (
        c.AllToAllConnector(weights=grid),
        c.FixedProbabilityConnector(0.5, weights=grid),
        c.FixedNumberPreConnector(2, weights=grid),
        c.FixedNumberPostConnector(2, weights=grid),
        c.MultapseConnector(8, weights=grid),
    ):
        rows = listed(connector, Cells(4), Cells(5))
        assert rows[:, 2].tolist() == [grid[int(i), int(j)] for i, j in rows[:, :2]]


def test_drawn_pairs_are_as_many_as_asked_for() -> None:
    grid = np.ones((4, 5))
    rows = listed(c.FixedNumberPreConnector(2, weights=grid), Cells(4), Cells(5))
    assert np.bincount(rows[:, 1].astype(int)).tolist() == [2] * 5
    rows = listed(c.FixedNumberPostConnector(3, weights=grid), Cells(4), Cells(5))
    assert np.bincount(rows[:, 0].astype(int)).tolist() == [3] * 4
    assert len(listed(c.FixedProbabilityConnector(1.0, weights=grid), Cells(4), Cells(5))) == 20
    assert len(listed(c.MultapseConnector(30, weights=grid), Cells(4), Cells(5))) == 30


def test_the_wrong_number_of_values_is_named() -> None:
    with pytest.raises(UsageError, match=r"weights of shape \(2,\) do not fit the 3 connections"):
        listed(c.OneToOneConnector(weights=[1, 2]), Cells(3), Cells(3))
    with pytest.raises(UsageError, match="SmallWorldConnector takes a number"):
        listed(c.SmallWorldConnector(0.5, 0.1, weights=[1, 2]), Cells(3), Cells(3))


def test_a_seed_draws_the_same_again() -> None:
    rng = [sim.NumpyRNG(seed=7) for _ in range(2)]
    rows = [
        listed(c.FixedProbabilityConnector(0.5, weights=1.0, rng=each), Cells(9), Cells(9))
        for each in rng
    ]
    assert rows[0].tolist() == rows[1].tolist()
    assert not pairs.needs_listing(
        c.FixedProbabilityConnector(0.5, weights=1.0), Carried(1.0), sim.NumpyRNG()
    )
