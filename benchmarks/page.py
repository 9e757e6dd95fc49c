"""The page of `spinnlive monitor` in a real browser at 100 k spikes/s: does it stay smooth?

A scripted live run (examples/monitor_page.py) is served; a headless Chromium without a graphics card
shows the page, in a process of its own on the same machine. Counted in the page: frames, the
longest time between two of them, spikes that came, batches that the page dropped. Pictures of it,
wide and as on a phone, light and dark, are left in a folder, to be looked at. `make bench` runs it
where there is Chromium.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "gateway"))  # python -P leaves it out
from browser import PROGRAM, Browser, open_browser  # noqa: E402

SPIKES_PER_S = 100_000
SMOOTH_HZ = 30.0
"""The aim: as many frames a second, and spikes as they come."""

LOOKS = {
    "wide-light": {"width": 1280, "height": 900},
    "wide-dark": {"width": 1280, "height": 900, "dark": True},
    "phone": {"width": 390, "height": 844, "phone": True},
}

COUNT = """new Promise((resolve) => {
  const begin = performance.now(), spikes = monitor.spikes;
  let last = begin, frames = 0, longest = 0;
  requestAnimationFrame(function next(now) {
    frames += 1;
    longest = Math.max(longest, now - last);
    last = now;
    const seconds = (performance.now() - begin) / 1000;
    if (seconds < SECONDS) return requestAnimationFrame(next);
    resolve({
      hz: frames / seconds, longest, rate: (monitor.spikes - spikes) / seconds,
      dropped: monitor.streams.reduce((sum, each) => sum + each.dropped, 0),
      late: document.getElementById("latency-note").textContent,
    });
  });
})"""


def watch(
    browser: Browser, url: str, name: str, spikes: float, seconds: float, folder: Path
) -> bool:
    """Show the page in one of the looks; print what it did, and save a picture."""
    browser.look(**LOOKS[name])
    browser.call("Page.navigate", url=url)
    end = time.monotonic() + 60
    while not (browser.value("window.monitor?.spikes") or 0):
        assert time.monotonic() < end, "no spikes came to the page"
        time.sleep(0.1)
    time.sleep(6)  # until the five seconds that it shows are full
    seen = browser.value(COUNT.replace("SECONDS", str(seconds)))
    for _ in range(2):  # also what one has to scroll to; what is high as the window becomes higher
        whole = browser.call("Page.getLayoutMetrics")["cssContentSize"]["height"]
        browser.look(**{**LOOKS[name], "height": round(whole)})
        time.sleep(1)
    browser.picture(folder / f"{name}.png")
    fine = seen["hz"] >= SMOOTH_HZ and seen["rate"] >= 0.95 * spikes and not seen["dropped"]
    print(
        f"{'PASS' if fine else 'MISSED'}  {name}: {seen['rate'] / 1e3:.0f} k spikes/s, "
        f"{seen['hz']:.0f} frames/s, at most {seen['longest']:.0f} ms between two, "
        f"{seen['dropped']} batches dropped; {seen['late']}"
    )
    return fine


def main() -> None:
    """Serve, look, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--spikes", type=float, default=float(SPIKES_PER_S), help="a second")
    parser.add_argument("--folder", type=Path, default=Path("build/bench/page"))
    arguments = parser.parse_args()
    if PROGRAM is None:
        print("no Chromium here: apt-get install chromium")
        return
    arguments.folder.mkdir(parents=True, exist_ok=True)
    program = [sys.executable, "-P", str(HERE.parent / "examples" / "monitor_page.py")]
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        subprocess.Popen(
            [*program, str(arguments.spikes)], stdout=subprocess.PIPE, text=True
        ) as server,
    ):
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            with open_browser(Path(profile)) as browser:
                for name in LOOKS:
                    watch(browser, url, name, arguments.spikes, arguments.seconds, arguments.folder)
                for complaint in browser.complaints:
                    print("the page complains:", json.dumps(complaint))
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
