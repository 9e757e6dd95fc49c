"""The judge of long runs: sound looks pass, and each kind of fault is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from soak_verdict import Look, verdict

BEATS = 10
LOOKS = 20


def _look(number: int) -> Look:
    ticks = 30_000 * number + 1
    return Look(
        wall_s=10.0 * number,
        emulated_s=20.0 + ticks / 1000,
        tick=ticks - 1,
        ticks_counted=ticks,
        board_ahead_ms=20_000.5,
        clock_error_ticks=3,
        board_kb=17_000,
        code_kb=6_000,
        host_kb=170_000,
        spikes={"beats": ticks * BEATS, "noise": ticks, "cells": 0, "echo": 0},
        pings=100 * number,
        pings_lost=0,
        weights_read=number,
        weight_mean=0.7,
        kernel_drops=0,
        strange=0,
        datagrams_lost=2,
        packets_lost=1,
        packets_sent=[50_000 + 9 * ticks, 4],
        packets_routed=[9 * ticks % (1 << 32), 4],
        packets_queued=[0, 0],
        errors=[],
        unmodelled=[],
    )


SOUND = [_look(number) for number in range(LOOKS)]
LAST = SOUND[-1]


def test_a_sound_run_is_found_sound() -> None:
    assert verdict(SOUND, BEATS) == []


@pytest.mark.parametrize(
    ("last", "says"),
    [
        (replace(LAST, board_kb=LAST.board_kb + 70_000), "the board grew by 70000 KB"),
        (replace(LAST, host_kb=LAST.host_kb + 9000), "the live runtime grew by 9000 KB"),
        (replace(LAST, code_kb=140_000), "140000 KB of translated code"),
        (replace(LAST, packets_sent=[LAST.packets_sent[0] + 1, 4]), "chip number 0"),
        (replace(LAST, spikes={**LAST.spikes, "noise": LAST.tick + 1500}), "Poisson spikes a tick"),
        (replace(LAST, ticks_counted=LAST.ticks_counted + 1), "10 beats missing"),
        (replace(LAST, pings_lost=1), "1 pings of 1900 lost"),
        (replace(LAST, kernel_drops=7), "7 datagrams dropped"),
        (replace(LAST, strange=1), "made no sense"),
        (replace(LAST, datagrams_lost=3), "1 datagrams lost by the board"),
        (replace(LAST, packets_lost=2), "1 packets lost by the routers"),
        (replace(LAST, errors=[5]), "run-time error: [5]"),
        (replace(LAST, unmodelled=[{"address": 1}]), "not modelled"),
    ],
)
def test_each_fault_is_told(last: Look, says: str) -> None:
    (told,) = verdict([*SOUND[:-1], last], BEATS)
    assert says in told


def test_drift_is_told_and_a_late_reader_is_none() -> None:
    late = [*SOUND[:-1], replace(LAST, board_ahead_ms=20_900.0)]
    assert verdict(late, BEATS) == []
    drifting = [replace(look, board_ahead_ms=20_000 + look.wall_s) for look in SOUND]
    (told,) = verdict(drifting, BEATS)
    assert "came apart: 20020.0 ms at first, 20170.0 ms at last" in told
