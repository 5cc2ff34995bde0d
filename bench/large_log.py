"""A log of 1 GiB in a real browser: opened, linked to, scrolled, searched; with a line of 100 MB in its middle.

A real server in a process of its own, and Chromium. Baseline in the same run: a log of 200 lines, opened as often.
Prints one JSON line; heap is JavaScript's after all of it, memory what the server grew by. `large_log.py 1024`
makes it of so many MiB.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from playwright.sync_api import Page, expect, sync_playwright

import needs
from shipway.hosts.supervisor.log import Log
from web.scene import Scene
from web.server import PAGES
from web.serving import Process, serving

OPENED = 5
LINE = b"\x1b[32m%012d\x1b[0m a line of a log as it may be, with some words in it\n"
LONG = 100_000_000
FRAMES = """
async () => {
  const pane = document.getElementById('lines'), lengths = [];
  let before = performance.now();
  for (let frame = 0; frame < 240; frame += 1) {
    pane.scrollTop += frame % 40 < 20 ? 120 : -110;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    lengths.push(now - before);
    before = now;
  }
  return lengths;
}"""


def main() -> None:
    size = int((sys.argv[1:] or ["1024"])[0]) << 20
    with tempfile.TemporaryDirectory() as home:
        scene = Scene.empty(Path(home))
        scene.application("small")
        written(scene, "small", 200 * len(LINE % 0))
        scene.application("large")
        count = written(scene, "large", size)
        with serving(Path(home)) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=needs.browser(), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(60_000)
            print(json.dumps(measure(page, scene, server, count, size)))
            browser.close()
        scene.database.close()


def written(scene: Scene, application: str, size: int) -> int:
    """A step's log as its supervisor writes it, of which nothing else is kept; the number of its lines."""
    run = scene.push(application, "One")
    scene.begin(run)
    scene.step(run, "test", "running")
    path = scene.places.step(run.id, "test", 1) / "log"
    path.unlink()
    log, count, left = Log(str(path), [], 2 << 30), 0, size
    while left > 0:
        piece = b"".join(LINE % number for number in range(count, count + 10_000))[: max(left, len(LINE % 0))]
        piece = piece[: len(piece) - len(piece) % len(LINE % 0)]
        if size > LONG and left > size // 2 >= left - len(piece):
            log.feed(b"x" * LONG + b"\n")
            left, count = left - LONG, count + 1
        log.feed(piece)
        left, count = left - len(piece), count + piece.count(b"\n")
    log.feed(b"the very end\n")
    log.end()
    scene.end_step(run, "test", "passed")
    return count + 1


def measure(page: Page, scene: Scene, server: Process, count: int, size: int) -> dict[str, object]:
    origin = f"http://{PAGES}:{server.port}"
    page.goto(f"{origin}/signin")
    page.get_by_label("Token").fill(scene.tokens["ada"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{origin}/")

    def opened(application: str, place: str, line: str) -> float:
        page.goto("about:blank")
        return timed(lambda: (page.goto(f"{origin}/runs/{application}:1?step=test{place}"), shows(page, line)))

    opened("small", "", "the very end")
    small = statistics.median(opened("small", "", "the very end") for _ in range(OPENED))
    frames_small = sorted(page.evaluate(FRAMES))
    before = server.memory()
    large = statistics.median(opened("large", "", "the very end") for _ in range(OPENED))
    middle = count // 3
    linked = statistics.median(opened("large", f"#L{middle}", f"{middle - 1:012d}") for _ in range(OPENED))
    frames = sorted(page.evaluate(FRAMES))
    jumped = timed(
        lambda: (page.evaluate("document.getElementById('lines').scrollTop = 0"), shows(page, f"{0:012d}"))
    )
    searched = timed(lambda: (page.get_by_role("searchbox").fill("the very end"), shows(page, "the very end")))
    return {
        "log_mib": size >> 20,
        "lines": count,
        "opened_s": round(large, 2),
        "small_opened_s": round(small, 2),
        "ratio": round(large / small, 2),
        "line_link_s": round(linked, 2),
        "jump_to_start_s": round(jumped, 2),
        "searched_whole_s": round(searched, 2),
        "frame_median_ms": round(frames[len(frames) // 2], 1),
        "frame_p95_ms": round(frames[len(frames) * 95 // 100], 1),
        "frames_ratio": round(sum(frames) / sum(frames_small), 2),
        "heap_mb": round(heap(page) / 1e6, 1),
        "server_grown_mib": round((server.memory() - before) / 1024, 1),
        "index_kb": round(sum(each.stat().st_size for each in scene.places.data.rglob("log.*")) / 1000, 1),
    }


def shows(page: Page, text: str) -> None:
    expect(page.locator("#lines li", has_text=text).first).to_be_visible(timeout=60_000)


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def heap(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"])


if __name__ == "__main__":
    main()
