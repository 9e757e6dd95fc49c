"""Whole live runs on a board, each in a process of its own because sPyNNaker keeps global state."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.board
def test_everything_live(play: Any) -> None:
    seen = play("everything.py")
    assert seen["tick before"] == 0
    assert seen["tick after 250 ms"] == seen["watermark after 250 ms"] == 250
    assert seen["report complete"]
    # delivered and not read; late, lost, extra; every spike in its own tick
    assert seen["report"] == {label: [0, 0, 0, 0, True] for label in ("learner", "reflex")}
    for name in ("a long run", "an endless run"):
        assert 0 < seen[f"{name} went on for"] < 600_000
        assert seen[f"{name} left sPyNNaker behind by"] == 0
    assert set(seen["weights equal PyNN's"].values()) == {True}
    assert seen["synapses"] > 0
    assert seen["units"]["multiplicative STDP, µS"] == "µS"
    assert seen["units"]["static, delays"] == "nA"
    assert set(seen["live equals recorded"].values()) == {True}
    assert seen["spikes"] > 0
    assert seen["statistics"] == {
        "spikes_out": 20,
        "kernel_drops": 0,
        "network_drops": 0,
        "missed_ticks": 0,
        "unknown_keys": 0,
        "malformed": 0,
        "strangers": 0,
    }
    assert seen["errors"] == [
        "UnknownPopulation",
        "NoLiveOutput",
        "NoInjector",
        "NeuronIdError",
        "UnknownProjection",
        "UsageError",
        "RunStateError",
    ]
    assert seen["after closing"] == "RunStateError"
    assert seen["ended"] == ["learner", "reflex", "weights"]
    ticks = seen["weight ticks"]
    assert ticks[0] == 0
    # one for each interval of 50 ticks, at most one: an interval that was missed is no error
    assert len({tick // 50 for tick in ticks}) == len(ticks) >= 5


@pytest.mark.board
def test_failures_are_one_clear_error_and_what_was_received_is_kept(play: Any) -> None:
    seen = play("failures.py")
    for name in ("core in a finite run", "core in an endless run"):
        kind, message, received = seen[name]
        assert kind == "CoreFailure"
        assert "'busy'" in message
        assert "malloc" in message
        assert received > 0
        assert seen[f"{name}: recorded"] > 0
    if "lost board" in seen:
        kind, _, received = seen["lost board"]
        assert kind == "BoardLost"
        assert received > 0


@pytest.mark.board
def test_streams_windows_waiting_and_losses(play: Any) -> None:
    seen = play("streams.py")
    assert seen["merged"]
    assert seen["watermark"] == 100
    assert seen["windows"] == sorted(
        [begin, counts]
        for begin in range(0, 100, 25)
        for counts in ([0, 0, 0, 0], [13 - begin // 25 % 2] * 3)
    )
    assert seen["tenth spike of odd"] == 9  # two neurons each time
    assert seen["silence"] is None
    assert seen["neuron 1"] == 0
    if "statistics" in seen:  # an emulated board, with losses
        assert seen["seen while it runs"]
        assert not seen["complete"]
        missed_ticks, network_drops = seen["statistics"]
        assert 0 < missed_ticks <= network_drops
        assert seen["gatherer"] == [network_drops, network_drops, 0, 0, 0]
        delivered, recorded, lost, extra = seen["report"]["even"]
        assert recorded == 3 * 510 / 2
        assert (delivered + lost, extra) == (recorded, 0)
        assert lost > 0
        assert seen["report"]["odd"][1:] == [None, None, None]
        assert "not recorded: nobody knows" in seen["table"]


@pytest.mark.board
def test_a_prompt_heartbeat_sends_spikes_in_their_tick(play: Any) -> None:
    seen = play("prompt.py")
    assert "needs the heartbeat" in seen.pop("without heartbeat")
    for each in seen.values():
        assert each["ticks"]
        assert each["whole"]
        assert each["report"] == [400, 0, 0, True]
        assert each["losses"] == [0, 0, 0]
    # the two spikes leave two of the heartbeat for a datagram at the end of the tick
    for name in ("1 ms", "prompt, 0.5 ms"):
        assert seen[name]["largest"] == 64
        assert seen[name]["sent in their tick"] >= 195
        assert seen[name]["packets"] >= 395
    without = seen["0.5 ms"]
    assert (without["largest"], without["sent in their tick"]) == (3, 0)
    assert 195 <= without["packets"] <= 205
