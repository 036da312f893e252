"""The dashboards, as axe-core judges them by the Web Content Accessibility Guidelines 2.2, levels A and AA."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from test_browser import SAID, becomes, browser, every_page, example, open_page

__all__ = ["browser", "example"]

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESKTOP = {"viewport": {"width": 1200, "height": 900}}
VIOLATIONS = """
() => axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    resultTypes: ['violations'],
}).then(found => found.violations.map(each =>
    `${each.id}: ${each.nodes.map(node => node.html.slice(0, 200)).join(' ')}`))
"""


@pytest.fixture(scope="module")
def axe() -> str:
    """The program text of axe-core (MPL-2.0), which CI fetches and nobody is given."""
    folder = os.environ.get("OSPO_AXE")
    if folder is None:
        if os.environ.get("CI") == "true":
            pytest.fail("OSPO_AXE is not set, and CI must not skip this")
        pytest.skip("OSPO_AXE does not name a folder with axe.min.js of npm's axe-core; .ci/run fetches it")
    return (Path(folder) / "axe.min.js").read_text(encoding="utf-8")


def violations(browser: Browser, dashboards: Path, axe: str, address: str, **context: Any) -> list[str]:
    """What axe finds on a page with everything unfolded."""
    seen = open_page(browser, dashboards, address, **context)
    if "#" in address:
        becomes(seen.page, f"{SAID}.includes('Storage')", expected=True)
    seen.page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    seen.page.evaluate(axe)
    found: list[str] = seen.page.evaluate(VIOLATIONS)
    seen.page.context.close()
    return found


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_page_shuts_anybody_out(
    browser: Browser, example: Path, axe: str, screen: dict[str, Any], colours: str
) -> None:
    """Every page, on a desktop and on a phone, light and dark, has nothing that axe objects to."""
    found = {
        address: violations(browser, example, axe, address, color_scheme=colours, **screen)
        for address in (*(f"{name}.html" for name in every_page(example)), "help.html#community=community-1")
    }
    assert {address: objections for address, objections in found.items() if objections} == {}


def test_axe_would_have_noticed(browser: Browser, example: Path, axe: str) -> None:
    """A choice without a label and pale letters are objected to, so that silence means something."""
    seen = open_page(browser, example, "newcomers.html")
    seen.page.evaluate(
        """() => {
            document.querySelector('#scope').id = 'nameless';
            document.querySelector('.standfirst').style.color = '#999999';
        }"""
    )
    seen.page.evaluate(axe)
    found = {text.split(":")[0] for text in seen.page.evaluate(VIOLATIONS)}
    assert {"select-name", "color-contrast"} <= found
    seen.page.context.close()
