"""`spinnlive tap` and `spinnlive send` as a user types them, against a server in another thread."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import trio
from click.testing import CliRunner
from played_live import PlayedLive

import spinnlive
from spinnlive.cli import main
from spinnlive.cli.raster import Raster
from spinnlive.cli.send import parse_neurons
from spinnlive.errors import UsageError


class Stepped(PlayedLive):
    """A live run that also steps, and fires ten neurons at every turn of the event loop."""

    async def step(self, duration_ms: float) -> None:
        self.clock.stop()
        self.clock.set_tick(round(duration_ms))


@pytest.fixture
def served() -> Iterator[tuple[str, Stepped]]:
    live = Stepped()
    up, over = threading.Event(), threading.Event()
    urls: list[str] = []

    async def run() -> None:
        async with spinnlive.serve(live, port=0, rights=("read", "inject", "control")) as gateway:
            urls.append(gateway.url)
            up.set()
            while not over.is_set():
                live.fire("reflex", np.arange(10) * 100)
                await trio.sleep(0.002)

    thread = threading.Thread(target=trio.run, args=(run,))
    thread.start()
    up.wait()
    yield urls[0], live
    over.set()
    thread.join()


def call(*words: str, stdin: str | None = None) -> list[str]:
    done = CliRunner().invoke(main, words, input=stdin, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def test_tap_lists_what_there_is(served: tuple[str, Stepped]) -> None:
    lines = call("tap", served[0], "--list")
    assert "read, inject, control" in lines[0]
    assert "population  touch  5 neurons, injector" in lines
    assert "projection  plastic  touch (5) → reflex (1000)" in lines


def test_tap_prints_a_line_for_each_batch(served: tuple[str, Stepped]) -> None:
    lines = call("tap", served[0], "-n", "3")
    assert len(lines) == 3
    assert all(line.endswith("reflex  10: 0 100 200 300 400 500 600 700 800 900") for line in lines)
    (line,) = call("tap", served[0], "--weights", "plastic", "-n", "1")
    assert "2 synapses, 0.25 to 0.5, mean 0.375 nA" in line
    (line,) = call("tap", served[0], "--clock", "-n", "1")
    assert line.startswith("tick ")
    (line,) = call("tap", served[0], "--telemetry", "-n", "1")
    assert "spikes_in 70" in line


def test_tap_records_and_draws(served: tuple[str, Stepped], tmp_path: Path) -> None:
    file = tmp_path / "tap.jsonl"
    output = call("tap", served[0], "reflex", "-n", "4", "--record", str(file), "--plot")
    records = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(records) == 4
    assert records[0]["what"] == "spikes" and records[0]["label"] == "reflex"
    assert records[0]["neuron_ids"] == list(range(0, 1000, 100))
    assert [record["tick"] for record in records] == list(
        range(records[0]["tick"], records[0]["tick"] + 4)
    )
    assert any("reflex" in line and "Hz" in line for line in output)


def test_send(served: tuple[str, Stepped]) -> None:
    url, live = served
    call("send", url, "touch", "0", "2-4")
    call("send", url, "touch", "1", "--repeat", "2", "--every", "1")
    call("send", url, "touch", "-", stdin="3\n\n0 1\n")
    assert [ids for _, ids in live.sent] == [[0, 2, 3, 4], [1], [1], [3], [0, 1]]
    assert call("send", url, "--step", "25") == ["tick 25"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("send", "{url}", "touch", "9"), "has no neuron 9"),
        (("send", "{url}", "touch", "a"), "no neuron id"),
        (("send", "{url}", "touch"), "no neurons named"),
        (("send", "{url}"), "nothing to send"),
        (("send", "{url}", "nobody", "1"), "no population 'nobody'"),
        (("tap", "{url}", "touch"), "sends no live spikes"),
        (("tap", "http://x"), "no address of a server"),
    ],
)
def test_what_cannot_be_is_one_line(
    served: tuple[str, Stepped], words: tuple[str, ...], message: str
) -> None:
    done = CliRunner().invoke(main, [word.format(url=served[0]) for word in words])
    assert done.exit_code in (1, 2)
    assert message in done.output and "Traceback" not in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_neurons_are_ids_and_ranges() -> None:
    assert parse_neurons(["3", "10-12", "0"]) == [3, 10, 11, 12, 0]
    for wrong in (["-1"], ["1-"], ["x"], ["1-2-3"], []):
        with pytest.raises(UsageError):
            parse_neurons(wrong)


def test_a_raster_shows_the_last_seconds_with_neuron_0_at_the_bottom() -> None:
    raster = Raster(size=8, span_ms=8.0, width=4, height=2)

    def fire(tick: int, *neurons: int) -> None:
        ids = np.array(neurons, np.int32)
        raster.add(spinnlive.SpikeBatch("p", tick, float(tick), ids, 0.0))

    assert raster.lines() == ["⠀⠀⠀⠀", "⠀⠀⠀⠀"]
    fire(7, 0)
    assert raster.lines() == ["⠀⠀⠀⠀", "⠀⠀⠀⢀"]
    fire(9, 7)
    assert raster.lines() == ["⠀⠀⠀⠈", "⠀⠀⢀⠀"]
    fire(8, 7)  # late, but still in the picture
    assert raster.lines() == ["⠀⠀⠀⠉", "⠀⠀⢀⠀"]
    fire(1, 3)  # too late
    assert raster.lines() == ["⠀⠀⠀⠉", "⠀⠀⢀⠀"]
    fire(1000)
    assert raster.lines() == ["⠀⠀⠀⠀", "⠀⠀⠀⠀"]
