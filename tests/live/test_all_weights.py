"""Weights of every kind of projection that sPyNNaker has, on a board, read and set mid-run."""

from __future__ import annotations

from typing import Any

import pytest

STATIC = {
    "inhibition, delays, static",
    "listed, several cores, delays",
    "split cores, static, delays",
    "neuromodulation",
}


@pytest.mark.board
def test_weights_of_every_kind(play: Any) -> None:
    seen = play("weights.py")
    assert {name for name, equal in seen["equal PyNN's"].items() if not equal} == set()
    assert len(seen["equal PyNN's"]) == 19
    assert seen["synapses"] > 50
    assert seen["listed weights as listed"]
    assert {name for name, changed in seen["changed"].items() if not changed} == STATIC
    refused = {name for name, outcome in seen["set"].items() if outcome == "refused"}
    assert refused == {"neuromodulation"}
    assert all(seen["set"].values())
    assert all(seen["delays kept"].values())
    assert seen["static weights set mid-run"] == [0.125]
    assert seen["a selection"] == [[3, 5], True]
    assert not any(name.startswith("ticks of") for name in seen)
