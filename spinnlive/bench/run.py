"""`spinnlive bench board` from start to end."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import trio

from spinnlive.bench.idle import Idle, measure_idle
from spinnlive.bench.oracle import unicorn_mips
from spinnlive.bench.pole import measure_pole
from spinnlive.bench.results import (
    Measured,
    Results,
    Trial,
    append_history,
    lines,
    read_history,
    record,
    slower,
)
from spinnlive.bench.targets import verdicts
from spinnlive.bench.workload import Network, Speed, measure, take_snapshot
from spinnlive.boards.emulated import MOST_THREADS
from spinnlive.errors import BoardFailed

NETWORKS = (
    Network("synfire", "synfire and random, 4 x 100, 1 ms"),
    Network("balanced", "balanced random, 1000 + 1000 Poisson, 0.1 ms, x 10", time_scale_factor=10),
    Network("lif2000", "2,000 LIF, 1 ms, 10 Hz, in-degree 100"),
)
"""Of the targets; the first is the one that the proof of concept is compared by."""

IDLE_CHIPS = (4, 48)
"""Boards whose cost is measured when they idle."""

FOR_MS = 1000
"""Emulated time that is measured (ms)."""

TIMES = 5
"""How often each is measured; the best counts, as others on the machine only ever make it slower."""

LIF_NEURONS = 2000
"""Of the last of `NETWORKS`."""

MOST_TRIALS = 2
"""How many other sizes are tried for the largest LIF network in real time."""

NEURONS_STEP = 100
"""To what the sizes are rounded down."""

DEMO = "gymnasium"
"""The package that the CartPole demo needs beyond spinnlive's own."""


def lif_networks(sizes: Sequence[int], chips: int) -> tuple[Network, ...]:
    """The 1 ms network of LIF neurons in other sizes, to find the largest in real time."""
    return tuple(
        Network(f"lif{size}", f"{size:,} LIF, 1 ms, 10 Hz, in-degree 100", chips=chips)
        for size in sizes
    )


async def bench_board(
    folder: Path,
    *,
    networks: Sequence[Network] = NETWORKS,
    targets: bool = True,
    say: Callable[[str], None] = print,
) -> Results:
    """Measure; write ``board.md``, ``board.png`` and ``board.jsonl`` (the history) to ``folder``, and what is said.

    ``networks``: to measure; those whose snapshot is in the folder already are not built again. ``targets``: measure
    what else there are targets for, idle boards, the CartPole demo and the largest LIF network in real time, and say
    which are met. Raises `BoardFailed` when a network does not run, or the two engines, or one and several threads,
    do not come to the very same state. When cancelled, boards and scripts are ended.
    """
    folder = Path(await trio.Path(folder).absolute())
    await trio.Path(folder).mkdir(parents=True, exist_ok=True)
    unicorn = [await trio.to_thread.run_sync(unicorn_mips)]
    measured = []
    for network in networks:
        say(f"{network.title} ...")
        measured.append(await _measure_network(network, folder))
        unicorn.append(await trio.to_thread.run_sync(unicorn_mips))
    idle: list[Idle] = []
    trials: list[Trial] = []
    pole = None
    if targets:
        for chips in IDLE_CHIPS:
            say(f"a booted board of {chips} chips ...")
            idle.append(await measure_idle(chips))
        try:
            if importlib.util.find_spec(DEMO) is not None:
                say("the CartPole demo ...")
                pole = await measure_pole()
            trials.append(Trial(LIF_NEURONS, measured[-1].fast.core_speed))
            await _find_largest(trials, folder, say)
        except BoardFailed as error:  # what has been measured is not lost
            say(f"FAILED: {error}")
    known = [mips for mips in unicorn if mips is not None]
    results = Results(
        tuple(measured),
        tuple(idle),
        max(known) if known else None,
        os.getloadavg()[1],
        tuple(trials),
        pole,
    )
    for each in await trio.to_thread.run_sync(_keep, results, folder, targets):
        say(each)
    return results


def _keep(results: Results, folder: Path, targets: bool) -> list[str]:
    """Write table, picture and history; return what there is to say."""
    from spinnlive.bench.figure import draw

    history, line, table = read_history(folder / "board.jsonl"), record(results), lines(results)
    if targets:
        table += ["", *(f"    {each.line}" for each in verdicts(results))]
    append_history(folder / "board.jsonl", line)
    (folder / "board.md").write_text("\n".join(table) + "\n")
    if results.measured:
        draw(results, [*history, line], folder / "board.png")
    return [*table, *(f"SLOWER: {complaint}" for complaint in slower(history, line))]


async def _snapshot(network: Network, folder: Path) -> Path:
    """The network in the middle of its run; taken if it is not in the folder, or another version's."""
    file = folder / f"{network.name}.snapshot"
    if not await trio.Path(file).is_file():
        await take_snapshot(network, file)
    try:
        await measure(file, milliseconds=1)
    except BoardFailed:
        await take_snapshot(network, file)
    return file


async def _find_largest(trials: list[Trial], folder: Path, say: Callable[[str], None]) -> None:
    """Try sizes of the LIF network, each next to where the speed of the last says that real time ends.

    ``trials`` begins with one, and gets those that are made.
    """
    while len(trials) <= MOST_TRIALS:
        last = trials[-1]
        size = int(last.neurons * last.speed / NEURONS_STEP) * NEURONS_STEP
        if size < NEURONS_STEP or any(each.neurons == size for each in trials):
            break
        say(f"{size:,} LIF ...")
        (network,) = lif_networks([size], 4)
        best = await _best(await _snapshot(network, folder), 1)
        trials.append(Trial(size, best.core_speed))


async def _measure_network(network: Network, folder: Path) -> Measured:
    file = await _snapshot(network, folder)
    threads = min(os.cpu_count() or 1, MOST_THREADS)
    plain = await measure(file, milliseconds=FOR_MS, engine="plain")
    fast = await _best(file, 1)
    threaded = await _best(file, threads) if threads > 1 else fast
    if not plain.state == fast.state == threaded.state:
        raise BoardFailed(
            f"{network.name}: the engines differ: plain {plain.state}, fast {fast.state}, on {threads} threads "
            f"{threaded.state}; c_realtime/tests/lockstep.c finds where"
        )
    return Measured(network, plain, fast, threaded)


async def _best(file: Path, threads: int) -> Speed:
    every = [await measure(file, milliseconds=FOR_MS, threads=threads) for _ in range(TIMES)]
    return min(every, key=lambda speed: speed.cpu_s if threads == 1 else speed.wall_s)
