"""The summary's numbers and words, the figure, the progress line."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from spinnlive.demo import format_summary
from spinnlive.demo.display import frame
from spinnlive.demo.figure import SIZE_PIXELS, draw
from spinnlive.demo.loop import Episode, Trace
from spinnlive.demo.network import NetworkSpec
from spinnlive.demo.summary import (
    Delivery,
    board_speed,
    compare,
    learned,
    longest_stand,
    summarise,
)

SPEC = NetworkSpec()


def ids(*neurons: int) -> NDArray[np.int64]:
    return np.array(neurons, np.int64)


def a_trace(steps: int = 100) -> Trace:
    rng = np.random.default_rng(3)
    trace = Trace()
    trace.states = [
        (200 + 20 * step, 0.03 * np.sin(step / 3 + np.arange(4))) for step in range(steps + 1)
    ]
    trace.episodes = [Episode(steps // 2, "whole"), Episode(steps - steps // 2, "stopped")]
    trace.sent = [
        (tick, rng.choice(SPEC.bank.size, 3, replace=False))
        for tick in range(0, 200 + 20 * steps, 4)
    ]
    trace.received = {
        "left": [(tick, ids(tick % 12)) for tick in range(0, 2000, 7)],
        "right": [(tick, ids(tick % 12)) for tick in range(0, 2000, 9)],
        "echo": [(100, ids(0))],
    }
    for side in (0, 1):
        for number in range(8):
            matrix = rng.uniform(0.0, 0.08, (SPEC.bank.size, SPEC.motor_neurons))
            trace.weights[side].append((200 * number, matrix))
    trace.pauses = [0]
    trace.beats = [(tick, 5.0 + tick / 500) for tick in range(3000)]
    trace.echoes = [0.002] * 99 + [0.010]
    trace.pings = 101
    return trace


def test_a_comparison_is_by_tick_and_id() -> None:
    recorded = [(10, ids(0, 1)), (11, ids(2)), (12, ids(0))]
    assert compare(recorded, recorded) == Delivery(4, 4, 0, 0)
    assert compare(recorded, recorded[:2]) == Delivery(4, 3, 1, 0)
    assert compare(recorded, [(10, ids(0, 3)), (11, ids(2)), (12, ids(0))]).lost == 1
    assert compare(recorded, [(10, ids(0)), (11, ids(2, 1)), (12, ids(0))]) == Delivery(4, 4, 0, 1)
    assert compare([(5, ids(1))], [(7, ids(1))]) == Delivery(1, 1, 1, 0)
    assert compare([], []) == Delivery(0, 0, 0, 0)


def test_a_stand_goes_on_over_the_end_of_an_episode_but_not_over_a_fall() -> None:
    assert longest_stand([Episode(500, "whole"), Episode(500, "whole")]) == 1000
    assert longest_stand([Episode(90, "fell"), Episode(60, "fell"), Episode(70, "stopped")]) == 90
    assert longest_stand([Episode(10, "fell"), Episode(500, "whole"), Episode(9, "stopped")]) == 509
    assert longest_stand([]) == 0


def test_board_speed_leaves_pauses_out() -> None:
    trace = a_trace()
    assert board_speed(trace) == pytest.approx((0.5, 0.5))
    trace.beats = [(t, t / 1000) for t in range(2000)] + [
        (t, 60 + t / 1000) for t in range(2000, 4000)
    ]
    trace.pauses = [0, 2000]
    assert board_speed(trace) == pytest.approx((1.0, 1.0))


def test_a_pathway_that_copies_the_reflex_agrees_with_it() -> None:
    trace = a_trace()
    copy = 0.5 * 2.0 * SPEC.reflex_weight * SPEC.steering()
    for side, sign in enumerate((-1.0, 1.0)):
        matrix = np.repeat((0.5 * sign * copy)[:, None], SPEC.motor_neurons, axis=1)
        trace.weights[side][-1] = (1400, matrix)
    share, agreement = learned(trace, SPEC)
    assert share == pytest.approx(1 / 3)
    assert agreement == pytest.approx(1.0)


def test_the_summary_in_words() -> None:
    trace = a_trace()
    recorded = {**trace.received, "sensors": trace.sent[:-1]}
    summary = summarise(
        trace, SPEC, recorded, environment="CartPole-v1", sensors="sensors", picture=Path("a.png")
    )
    assert summary.balanced_s == summary.total_s == 2.0
    assert (summary.loops, summary.loops_lost) == (101, 1)
    assert summary.latency_p50_ms == pytest.approx(2.0)
    assert summary.spikes_in.lost == 3
    assert summary.spikes_out.lost == 0
    text = format_summary(summary)
    assert "stood 2.0 s without a fall, of 2.0 s" in text
    assert "1 whole episode of CartPole-v1, never fell" in text
    assert "p50 2.00 ms" in text
    assert "0.50 of real time" in text
    assert "3 lost" in text
    assert "a.png" in text
    assert max(map(len, text.splitlines())) < 120


def test_falls_are_said() -> None:
    trace = a_trace()
    trace.episodes = [Episode(50, "fell"), Episode(50, "stopped")]
    trace.held_ticks = 340
    summary = summarise(trace, SPEC, trace.received, environment="CartPole-v1", sensors="sensors")
    assert summary.balanced_s == 1.0
    text = format_summary(summary)
    assert "0 whole episodes of CartPole-v1, fell 1 time;" in text
    assert "held for 0.34 s while this machine was late" in text


@pytest.mark.parametrize("ending", ["fell", "stopped"])
def test_the_figure_is_written(ending: str, tmp_path: Path) -> None:
    trace = a_trace()
    trace.episodes[0] = Episode(50, ending)  # type: ignore[arg-type]
    summary = summarise(trace, SPEC, trace.received, environment="CartPole-v1", sensors="sensors")
    path = tmp_path / "demo.png"
    draw(trace, SPEC, summary, path)
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG")
    width, height = (int.from_bytes(data[start : start + 4]) for start in (16, 20))
    assert (width, height) == SIZE_PIXELS
    assert len(data) > 50_000


def test_the_progress_line_leans_with_the_pole() -> None:
    trace = a_trace(10)
    assert "of 0.2 s" in frame(trace, 10).plain
    for angle, pole in ((0.0, "|"), (0.1, "/"), (-0.1, "\\")):
        trace.states.append((500, np.array([9.0, 0.0, angle, 0.0])))
        assert pole in frame(trace, 10).plain
        assert len(frame(trace, 10).plain) < 80
