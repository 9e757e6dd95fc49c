"""Every kind of value comes back from bytes as it was."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pytest

from spinnlive.live.clock import ClockEvent, ClockObservation
from spinnlive.live.injector import Injected
from spinnlive.live.pace import Pace
from spinnlive.live.rates import RatesSet
from spinnlive.live.recorded import RecordedBlock
from spinnlive.live.setting import WeightsSet
from spinnlive.live.spikes import LiveSpikes
from spinnlive.live.statistics import LiveStatistics
from spinnlive.live.weights import WeightSnapshot
from spinnlive.recording import codec
from spinnlive.recording.kinds import KINDS, Dropped, Ending, RunFacts
from spinnlive.toolchain.values import PopulationFacts, ProjectionFacts

FACTS = RunFacts(
    started="2026-11-23T12:00:00+00:00",
    started_s=12.25,
    versions={"trio": "0.35.0"},
    board="127.0.0.2",
    timestep_us=1000,
    time_scale_factor=2,
    populations=(PopulationFacts("a", 5, True), PopulationFacts("b", 3, False)),
    projections=(ProjectionFacts("a → b", "a", "b", "SynapseDynamicsStatic"),),
    labels=("a", "b"),
    live=("b",),
)
SNAPSHOT = WeightSnapshot(
    label="a → b",
    tick=4,
    tick_after=5,
    time_ms=4.0,
    pre=np.array([0, 1]),
    post=np.array([2, 2]),
    weights=np.array([0.5, 1.25]),
    delays_ms=np.array([1.0, 2.0]),
    unit="nA",
    shape=(5, 3),
)
STATISTICS = LiveStatistics(*range(len(fields(LiveStatistics))))
VALUES: dict[str, Any] = {
    "run": FACTS,
    "spikes": LiveSpikes(
        1.5, np.array([7, 7]), np.array([1, 0], np.int16), np.array([2, 4], np.int32)
    ),
    "injected": Injected("a", np.array([3, 3]), 1.25),
    "rates": RatesSet("b", np.array([1, 2]), np.array([10.0, 20.5]), 2.5),
    "weights": SNAPSHOT,
    "set_weights": WeightsSet("a → b", 7, np.array([[0.5, np.pi]]), np.array([1]), None),
    "recorded": RecordedBlock(
        "b", "v", "mV", np.array([0, 2]), np.array([3, 4]), np.array([3.0, 4.0]), np.ones((2, 2))
    ),
    "telemetry": Pace(100, 100.0, 0.25, 3.5, 2, None, 0.5, 0.125, True),
    "clock": ClockObservation(3.5, 100.5, 0.25),
    "state": ClockEvent("started", 3.5, 100, None),
    "statistics": STATISTICS,
    "dropped": Dropped("weights", 3),
    "ending": Ending(100, "BoardLost", "gone"),
}


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return bool(one == other)


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_comes_back_as_it_was(kind: str) -> None:
    value = VALUES[kind]
    of = KINDS[kind]
    assert type(value) is of
    back = codec.decode(of, codec.encode(value), codec.encoding_of(of))
    assert type(back) is of
    for field in fields(value):
        assert same(getattr(value, field.name), getattr(back, field.name)), field.name


def test_what_has_no_arrays_is_json_with_a_schema_that_names_its_fields() -> None:
    plain = json.loads(codec.encode(VALUES["clock"]))
    assert plain == {"host_s": 3.5, "position": 100.5, "uncertainty": 0.25}
    schema = codec.schema(ClockObservation)
    assert schema["properties"]["position"] == {"type": "number"}
    assert codec.schema(ClockEvent)["properties"]["limit"] == {
        "anyOf": [{"type": "integer"}, {"type": "null"}]
    }
    nested = codec.schema(RunFacts)["properties"]["populations"]
    assert nested["items"]["properties"]["size"] == {"type": "integer"}


@dataclass(frozen=True)
class Newer:
    kept: int
    added: str = "default"


@dataclass(frozen=True)
class Older:
    kept: int


def test_unknown_fields_are_skipped_and_missing_ones_take_their_defaults() -> None:
    assert codec.decode(Older, codec.encode(Newer(3, "x")), "json") == Older(3)
    assert codec.decode(Newer, codec.encode(Older(3)), "json") == Newer(3)


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff\xff", b"17", b"null"])
@pytest.mark.parametrize("kind", KINDS)
def test_nonsense_is_a_value_error(kind: str, data: bytes) -> None:
    of = KINDS[kind]
    with pytest.raises(ValueError):
        codec.decode(of, data, codec.encoding_of(of))
