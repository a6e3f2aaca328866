"""The page in a real browser. Needs Chromium (Debian: apt-get install chromium); without it these tests skip."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright
from serving import Served

from students import TEXTS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SHOTS = os.environ.get("AVATAR_SCREENSHOTS")
"""A folder for screenshots, if set."""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture(params=["light", "dark"])
def page(browser: Browser, served: Served, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(color_scheme=request.param, viewport={"width": 1200, "height": 900})
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda one: None if one.url.startswith((served.address, "data:")) else problems.append(one.url))
    page.goto(served.address)
    expect(page.get_by_text("Paste two functions")).to_be_visible()
    yield page
    context.close()
    assert problems == []


def test_paste_and_ask_by_keyboard_alone(page: Page) -> None:
    page.keyboard.press("Tab")
    page.keyboard.insert_text(TEXTS[0])
    page.keyboard.press("Tab")
    page.keyboard.insert_text(TEXTS[1])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("% clone)")
    share = page.locator("#bar").get_attribute("aria-valuenow")
    assert share is not None
    assert 0 <= float(share) <= 100
    assert page.locator("#inside").inner_text().endswith(" ms")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".chips").first).to_be_visible()
    page.locator("#second").focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(TEXTS[0])
    page.keyboard.press("Control+Enter")
    expect(page.locator("#counts")).to_contain_text("of at most")


@pytest.mark.parametrize("width", [360, 1200])
def test_it_is_readable_for_everybody(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.get_by_role("button", name="Show an example").click()
    expect(page.locator("#verdict")).to_be_visible()
    page.get_by_text("What the student read").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    result = Axe().run(page).response["violations"]
    assert [one["id"] for one in result] == []
    if SHOTS:
        scheme = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
        page.screenshot(path=Path(SHOTS) / f"page-{scheme}-{width}.png", full_page=True)


def test_what_is_wrong_is_said(page: Page) -> None:
    page.locator("#first").fill("def f(): pass")
    page.locator("#second").fill("   ")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#wrong")).to_have_text("Paste two functions.")
