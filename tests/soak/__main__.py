"""Long runs: ``python tests/soak hour`` and ``python tests/soak replay``, for which there are ``make soak`` and
``make long-replay``. The short ones are in ``make test``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import trio
from hour import soak
from long_replay import long_replay


def main() -> None:
    """Run what is asked for, and say what was found wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    hour = kinds.add_parser("hour", help="a live network in free pace: leaks, drift, losses")
    hour.add_argument("--minutes", type=float, default=60.0, help="by the wall clock")
    hour.add_argument("--every", type=float, default=30.0, help="seconds between two looks")
    hour.add_argument("--address", help="of the board; a free one if it is not given")
    hour.add_argument("--output", type=Path, default=Path("build/soak.jsonl"))
    again = kinds.add_parser("replay", help="a recorded live run, replayed with 1 and 2 threads")
    again.add_argument("--seconds", type=float, default=60.0, help="of biological time")
    again.add_argument("--output", type=Path, default=Path("build/long-replay.log"))
    arguments = parser.parse_args()
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.unlink(missing_ok=True)

    import pyNN.spiNNaker as sim  # only now: it takes seconds

    if arguments.kind == "hour":
        wrong = trio.run(
            soak, sim, arguments.minutes, arguments.every, arguments.output, arguments.address
        )
    else:
        wrong = trio.run(long_replay, sim, arguments.seconds, arguments.output)
    print("\n".join(wrong) or "nothing was found wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
