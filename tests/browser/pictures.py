"""Make the pictures of the docs again: ``python -m tests.browser.pictures``.

They are taken of a hub that is started for them on a temporary state folder.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser.conftest import NARROW, open_page, sign_in, started
from tests.browser.lab_pictures import take_lab
from tests.conftest import a_hub_on

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "images"
LARGEST_BYTES = 150_000
LOWEST = (560, 844)


def take(page: Page, name: str, folder: Path) -> None:
    """Save the whole page as a small palette PNG."""
    page.wait_for_load_state("networkidle")
    # As high as the content, not as the window.
    width = (page.viewport_size or {})["width"]
    page.set_viewport_size({"width": width, "height": LOWEST[width == NARROW]})
    # A bar at the foot of the window would lie across the middle of a long picture.
    page.add_style_tag(content=".hub-submit { position: static !important; }")
    save(page.screenshot(full_page=True, animations="disabled"), name, folder)


def save(picture: bytes, name: str, folder: Path) -> None:
    """Write a picture with a palette: small enough for a README."""
    shot = Image.open(io.BytesIO(picture))
    file = folder / f"{name}.png"
    shot.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(
        file, optimize=True
    )
    size = file.stat().st_size
    assert size <= LARGEST_BYTES, f"{file}: {size} bytes, at most {LARGEST_BYTES}"
    print(f"{file.name}: {size >> 10} KiB")


def take_all(browser: Browser, url: str, state: Path, folder: Path) -> None:
    """Walk through the hub and take each picture."""
    page = open_page(browser, url)
    page.goto("/hub/login")
    take(page, "login", folder)
    sign_in(page, "noor")
    take(page, "refused", folder)

    page = open_page(browser, url)
    sign_in(page, "ada", accept=False)
    take(page, "terms", folder)
    page.get_by_role("button", name="Accept and continue").click()
    take(page, "start", folder)
    narrow = open_page(browser, url, NARROW)
    sign_in(narrow, "ada")
    take(narrow, "start-390", folder)
    _starting(page, folder)

    page = open_page(browser, url)
    sign_in(page, "mei")
    _failed(page, state, folder)
    take_lab(browser, url, lambda picture, name: save(picture, name, folder), "grace")


def _starting(page: Page, folder: Path) -> None:
    # The picture is of the waiting: the page must not move on.
    page.route(
        "**/progress*",
        lambda route: route.fulfill(
            content_type="text/event-stream",
            body='data: {"progress": 30, "message": "Starting your server: 2 cores, '
            '2 GiB of memory. This takes a few seconds."}\n\nretry: 60000\n\n',
        ),
    )
    page.get_by_label("Tiny", exact=True).check()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/spawn-pending/**")
    page.get_by_text("This takes a few seconds").first.wait_for()
    take(page, "starting", folder)
    page.get_by_role("button", name="Cancel the start").click()
    page.wait_for_url("**/hub/home")


def _failed(page: Page, state: Path, folder: Path) -> None:
    # A file where the folder of the caches should be: no server can start.
    number = page.evaluate("window.jhdata.user")
    (state / "scratch" / number).write_text("")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("alert").wait_for()
    page.goto(f"/hub/spawn-pending/{number}")
    take(page, "failed", folder)
    (state / "scratch" / number).unlink()


def main() -> None:
    """Take all pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pictures-") as made:
        state = Path(made)
        with a_hub_on(state, ROOT) as status, started() as browser:
            take_all(browser, status["url"], state, folder)


if __name__ == "__main__":
    main()
