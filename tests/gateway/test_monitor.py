"""The page of `spinnlive monitor`: its files, and the page in a real browser where there is one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trio

import spinnlive
from spinnlive.gateway.pages import MONITOR
from spinnlive.testing import open_scripted

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
SIZES = {"cells": 50, "motors": 4}
PATIENCE_S = 120


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


class Browser:
    """A headless Chromium, spoken to by the DevTools protocol."""

    def __init__(self, port: int) -> None:
        from websockets.sync.client import connect

        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
            page = next(each for each in json.load(answer) if each["type"] == "page")
        self._socket = connect(page["webSocketDebuggerUrl"], max_size=1 << 27)
        self._number = 0
        self.complaints: list[str] = []
        for domain in ("Runtime", "Log", "Page"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """Call a method of the browser's; keep what its console complains of meanwhile."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=PATIENCE_S))
            if message.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.complaints.append(json.dumps(message["params"]))
            if message.get("id") == self._number:
                return message.get("result", {})

    def value(self, expression: str) -> Any:
        """Give what an expression, or the promise of it, comes to in the page."""
        found = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        return found["result"].get("value")


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    if BROWSER is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    process = subprocess.Popen(
        [
            BROWSER,
            "--headless",
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            f"--user-data-dir={tmp_path}",
            "--remote-debugging-port=0",
            "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if line.startswith("DevTools listening on "):
                yield Browser(int(line.split("127.0.0.1:")[1].split("/")[0]))
                break
        else:
            pytest.fail("Chromium ended by itself")
    finally:
        process.kill()
        process.wait()


async def test_the_page_follows_a_live_run(browser: Browser) -> None:
    """Spikes reach the raster, in both colours; the page complains of nothing."""
    async with (
        open_scripted(network, live=SIZES) as live,
        spinnlive.serve(live, port=0, pages=MONITOR) as gateway,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(live.run)

        async def ask(expression: str) -> Any:
            return await trio.to_thread.run_sync(browser.value, expression)

        address = f"http://{gateway.host}:{gateway.port}/"
        await trio.to_thread.run_sync(lambda: browser.call("Page.navigate", url=address))
        while not (await ask("window.monitor?.spikes") or 0) > 200:
            pass
        assert await ask("document.getElementById('state').textContent") == "live"
        assert await ask("monitor.populations.map(each => each.label).sort().join()") == (
            "cells,motors"
        )
        colours = await ask(
            "(() => { const c = document.getElementById('raster');"
            " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
            " const seen = new Set(); for (let i = 0; i < d.length; i += 4)"
            " if (d[i + 3] === 255) seen.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]);"
            " return [...seen]; })()"
        )
        assert {0x0072B2, 0xD55E00} <= set(colours)
        await ask("document.getElementById('pause').click()")
        shown = await ask("monitor.shownMs")
        before = await ask("monitor.spikes")
        while await ask("monitor.spikes") == before:
            pass
        assert await ask("monitor.shownMs") == shown  # spikes come, the picture stands
        assert browser.complaints == []
        nursery.cancel_scope.cancel()
    assert np.isfinite(shown)
