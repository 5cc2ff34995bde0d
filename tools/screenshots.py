"""Takes the pictures in docs/pictures: a real installation, real pushes, Chromium. `make screenshots` runs it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from demo import SHIPWAY, Demo
from playwright.sync_api import Page, sync_playwright

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
PAGES = {
    "run": ("/runs/topup:2", "TOTAL"),  # of the coverage, at the end of the log
    "environment": ("/applications/topup/environments/prod", "Kept warm until"),
    "settings": ("/applications/topup/settings", "Kept by this server"),
}


def take(page: Page, demo: Demo) -> None:
    """Signs in with the one-time address, and takes each page as a person with a laptop sees it."""
    command = [str(SHIPWAY), "open", "--pages", "--print"]
    said = subprocess.run(command, cwd=demo.repository, env=demo.env, check=True, capture_output=True, text=True)
    page.goto(said.stdout.strip())
    home = f"{said.stdout.partition('/signin')[0]}/"
    page.wait_for_url(home)
    for name, (path, text) in PAGES.items():
        page.goto(home + path.removeprefix("/"))
        page.get_by_text(text).first.wait_for()
        page.screenshot(path=PICTURES / f"{name}.png")
        print(f"docs/pictures/{name}.png")


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="shipway-pictures-") as home, sync_playwright() as playwright:
        demo = Demo(Path(home))
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            demo.start()
            demo.first_push()
            demo.second_push()
            take(browser.new_page(viewport={"width": 1280, "height": 860}), demo)
        finally:
            demo.stop()


if __name__ == "__main__":
    sys.exit(main())
