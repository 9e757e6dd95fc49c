"""Record spikes until killed, and say on standard output which tick is on the disk."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import trio
from test_codec import FACTS, STATISTICS

from spinnlive.live.spikes import LiveSpikes
from spinnlive.recording.recorder import Recorder


async def main(path: Path) -> None:
    recorder = Recorder(path)
    recorder.begin(FACTS)
    async with trio.open_nursery() as nursery:
        await nursery.start(recorder.run, lambda: {"statistics": STATISTICS})
        tick = 0
        while True:
            for _ in range(100):
                ids = np.full(5, tick % 7, np.int32)
                ticks = np.full(5, tick)
                recorder.put("spikes", LiveSpikes(0.0, ticks, ids.astype(np.int16), ids))
                tick += 1
            await recorder.flush()
            print(tick, flush=True)


trio.run(main, Path(sys.argv[1]))
