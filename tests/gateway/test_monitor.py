"""The page of `spinnlive monitor`: its files, and the page in a real browser where there is one."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trio
from browser import PROGRAM, Browser, open_browser

import spinnlive
from spinnlive.gateway.pages import MONITOR
from spinnlive.testing import open_scripted

PATIENCE_S = 200
SIZES = {"cells": 50, "motors": 4}


def network(tick: int, injected: object) -> dict[str, Any]:
    """Everybody fires in turn."""
    return {label: [tick % size] for label, size in SIZES.items()}


async def test_every_file_that_the_page_names_is_served() -> None:
    async with (
        open_scripted(network, live=SIZES) as live,
        spinnlive.serve(live, port=0, pages=MONITOR) as gateway,
    ):
        for name, kind in (
            ("", "text/html"),
            ("monitor.css", "text/css"),
            ("monitor.js", "javascript"),
            ("raster.js", "javascript"),
            ("charts.js", "javascript"),
            ("surface.js", "javascript"),
            ("spinnlive.mjs", "javascript"),
            ("msgpack.mjs", "javascript"),
        ):
            url = f"http://{gateway.host}:{gateway.port}/{name}"
            answer = await trio.to_thread.run_sync(urllib.request.urlopen, url)
            assert kind in answer.headers["content-type"], name
            assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    if PROGRAM is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    with open_browser(tmp_path) as browser:
        yield browser


LOOK = """(() => {
  const canvas = document.getElementById("raster"), { width, height } = canvas;
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const pixels = copy.getImageData(0, 0, width, height).data;
  const colours = new Set();
  let columns = 0;
  for (let x = 0; x < width; x += 1) {
    let found = false;
    for (let at = 4 * x; at < pixels.length; at += 4 * width) {
      if (pixels[at + 3] !== 255) continue;
      colours.add((pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2]);
      found ||= pixels[at] + pixels[at + 2] > 100;
    }
    columns += found;
  }
  return { width, colours: [...colours], filled: columns / width };
})()"""
"""What is seen of the raster: its colours, and the part of its columns that show something."""

AFTER_RESIZE = f"""new Promise((resolve) => {{
  const canvas = document.getElementById("raster"), before = canvas.width;
  requestAnimationFrame(function next() {{
    if (canvas.width === before) requestAnimationFrame(next);
    else resolve({LOOK});
  }});
}})"""
"""The same in the first frame of another size."""


async def test_the_page_follows_a_live_run(browser: Browser) -> None:
    """Spikes reach the raster, in both colours, weights their card, and stay when the page becomes
    another size. The page complains of nothing."""
    weights = {"cells to motors": np.where(np.eye(50, 4), 0.5, np.nan)}
    with trio.fail_after(PATIENCE_S):
        async with (
            open_scripted(network, live=SIZES, weights=weights) as live,
            spinnlive.serve(live, port=0, pages=MONITOR) as gateway,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(live.run)

            async def ask(expression: str) -> Any:
                return await trio.to_thread.run_sync(browser.value, expression)

            address = f"http://{gateway.host}:{gateway.port}/"
            await trio.to_thread.run_sync(lambda: browser.call("Page.navigate", url=address))
            while not (await ask("window.monitor?.spikes") or 0) > 1000:
                pass
            assert await ask("document.getElementById('state').textContent") == "live"
            assert await ask("monitor.populations.map(each => each.label).sort().join()") == (
                "cells,motors"
            )
            note = "document.getElementById('weights-note').textContent"
            while "4 synapses" not in await ask(note):
                pass
            await ask("document.getElementById('pause').click()")
            shown = await ask("monitor.shownMs")
            wide = await ask(LOOK)
            assert {0x0072B2, 0xD55E00} <= set(wide["colours"])
            before = await ask("monitor.spikes")
            while await ask("monitor.spikes") == before:
                pass
            assert await ask("monitor.shownMs") == shown  # spikes come, the picture stands
            await ask("document.getElementById('pause').click()")
            await ask(f"void (window.resized = {AFTER_RESIZE})")
            await trio.to_thread.run_sync(lambda: browser.look(390, 844, phone=True))
            phone = await ask("window.resized")
            assert {0x0072B2, 0xD55E00} <= set(phone["colours"])
            assert phone["filled"] > wide["filled"] / 2
            assert browser.complaints == []
            nursery.cancel_scope.cancel()
