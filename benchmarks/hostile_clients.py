"""A million malformed, truncated and otherwise wrong messages against a server that has a good client.

`make test` has a bounded part of it (tests/gateway/test_safety.py). Each connection of an attacker
sends some messages that are wrong but forgiven (of unknown types, for populations that are not
there, without the right to), then one that is not: bytes changed, cut off, of a wrong length, noise,
broken HTTP or WebSocket. The good client must get every spike; the server must neither fail nor grow.
"""

from __future__ import annotations

import argparse
import gc
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

import trio

import spinnlive

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # python -P leaves it out
from fan_out import HOST, Source  # noqa: E402
from hostile_attacker import AT_ONCE  # noqa: E402

ROUNDS = 20
"""How often the server's memory and objects are looked at."""

SPIKES = 20
EVERY_S = 0.02
"""What the good client gets, and how often: little, as the attackers are what this is about."""

GROWTH_KIB = 4096
GROWTH_OBJECTS = 2000
"""How much the server may have more at the end than after the first fifth."""


@dataclass(frozen=True)
class Seen:
    """The server's process between two rounds, when the attackers are gone."""

    rss_kib: int
    objects: int
    tasks: int


def look() -> Seen:
    """Look at this process."""
    gc.collect()
    tasks = trio.lowlevel.current_statistics().tasks_living
    return Seen(rss(), len(gc.get_objects()), tasks)


async def measure(number: int, attackers: int, each: int) -> bool:
    """Serve under attack and say what came of it."""
    source, got, said = Source(SPIKES, EVERY_S), 0, 0
    looks: list[Seen] = []
    async with trio.open_nursery() as nursery:
        limits = spinnlive.Limits(clients=2 * AT_ONCE * attackers, hello_s=0.5)
        async with spinnlive.serve(source, host=HOST, port=0, limits=limits) as gateway:
            follows = trio.Event()

            async def follow() -> None:
                nonlocal got
                async with (
                    spinnlive.connect(gateway.url) as remote,
                    remote.spikes("source") as spikes,
                ):
                    follows.set()
                    async for batch in spikes:
                        got += len(batch.neuron_ids)

            async def one(seed: int, share: int) -> None:
                nonlocal said
                place = [gateway.host, str(gateway.port)]
                words = [*place, str(share), str(each), str(seed)]
                program = [sys.executable, "-P", str(HERE / "hostile_attacker.py"), *words]
                done = await trio.run_process(program, capture_stdout=True)
                said += int(done.stdout)

            async def fire() -> None:
                while True:
                    await source.run(50)

            nursery.start_soon(follow)
            await follows.wait()
            async with trio.open_nursery() as siege:
                siege.start_soon(fire)
                for number_of_round in range(ROUNDS):
                    async with trio.open_nursery() as processes:
                        for attacker in range(attackers):
                            seed = number_of_round * attackers + attacker + 1
                            processes.start_soon(one, seed, number // ROUNDS // attackers)
                    while gateway.statistics().clients > 1:  # noqa: ASYNC110
                        await trio.sleep(0.05)
                    looks.append(look())
                    seen = gateway.statistics()
                    print(
                        f"{said} messages in {seen.accepted} connections: {looks[-1].rss_kib} KiB, "
                        f"{looks[-1].objects} objects, {looks[-1].tasks} tasks",
                        flush=True,
                    )
                siege.cancel_scope.cancel()
            seen = gateway.statistics()
    lost = source.fired * SPIKES - got
    print(
        f"{said} wrong messages sent, {seen.messages_in} messages of all kinds taken apart; "
        f"connections ended: {seen.dropped}; the good client lost {lost} of "
        f"{source.fired * SPIKES} spikes"
    )
    settled, last = looks[ROUNDS // 5 - 1], looks[-1]
    verdicts = (
        ("no fault of the server", "failed" not in seen.dropped),
        ("the good client lost nothing", lost == 0),
        (f"at most {GROWTH_KIB} KiB more", last.rss_kib - settled.rss_kib <= GROWTH_KIB),
        (
            f"at most {GROWTH_OBJECTS} objects more",
            last.objects - settled.objects <= GROWTH_OBJECTS,
        ),
        ("no task more", last.tasks == settled.tasks),
    )
    for name, fine in verdicts:
        print(f"{'PASS' if fine else 'MISSED'}  {name}")
    return all(fine for _, fine in verdicts)


def rss() -> int:
    """Memory of this process in KiB: now, where the kernel says it; else the most ever."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--each", type=int, default=40, help="messages of one connection")
    parser.add_argument("--attackers", type=int, default=2)
    arguments = parser.parse_args()
    if not trio.run(measure, arguments.messages, arguments.attackers, arguments.each):
        sys.exit(1)


if __name__ == "__main__":
    main()
