"""Charts as pictures: titles and sources in them, one browser for all, and a sentence where there is none."""

from __future__ import annotations

import os
import shutil
import struct
import sys
from pathlib import Path

import pytest

import published_example
from ospo_metrics import figures
from ospo_metrics.figures import FigureError
from ospo_metrics.settings import Community, Ospo, Settings, Workspace
from ospo_metrics.warehouse import open_published


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    settings = Settings(ospo=Ospo(name="Example OSPO"), communities=[Community(id="storage", name="Storage")])
    found = Workspace(tmp_path_factory.mktemp("figures"), settings)
    published_example.build(found.database)
    return found


def size(path: Path) -> tuple[int, int]:
    """Width and height of a PNG file."""
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def test_every_picture_says_what_it_shows_and_whence(place: Workspace) -> None:
    """Title, whose it is, source and day stand in the picture; markup in a name is text."""
    with open_published(place.database) as connection:
        drawn = figures.figures(connection, ["new_contributors", "first_response_time"])
    assert list(drawn) == ["new_contributors", "first_response_time"]
    for figure in drawn.values():
        layout = figure["layout"]
        texts = [each["text"] for each in layout["annotations"]]
        assert layout["title"]["text"].startswith("<b>")
        assert "Example OSPO" in layout["title"]["subtitle"]["text"]
        assert "Simulated data. Source: Git history, GitHub and Mailing lists, as of 12 July 2026." in texts
    assert drawn["new_contributors"]["layout"]["title"]["text"] == "<b>New faces</b>"


def test_the_chart_itself_is_that_of_the_page(place: Workspace) -> None:
    """Only the frame is added: what is drawn, and what its panels say, stays as it is."""
    from ospo_metrics import charts, readings

    with open_published(place.database) as connection:
        (drawn,) = figures.figures(connection, ["new_contributors"]).values()
        metric = readings.metrics(connection)["new_contributors"]
        numbers = readings.numbers(connection, ["program"])["new_contributors", "program", "program"]
        chart = charts.figure(metric, numbers, readings.build(connection).today)
    assert chart is not None
    assert drawn["data"] == chart["data"]
    assert drawn["layout"]["annotations"][:-1] == chart["layout"]["annotations"]
    assert drawn["layout"]["shapes"] == chart["layout"]["shapes"]


def test_a_name_is_no_markup_in_a_picture(tmp_path: Path) -> None:
    """Plotly reads a little HTML; a name does not get any of it in."""
    name = "<a href='https://a.example'>x</a>"
    with open_published(published_example.build(tmp_path / "ospo.duckdb", ospo_name=name)) as connection:
        (drawn,) = figures.figures(connection, ["new_contributors"]).values()
    assert "<a" not in drawn["layout"]["title"]["subtitle"]["text"]


def test_a_metric_without_numbers_is_left_out_and_an_unknown_one_is_named(place: Workspace) -> None:
    """What cannot be drawn makes no empty picture; a typing error is told with the names that there are."""
    with open_published(place.database) as connection:
        assert figures.figures(connection, ["campaign_lift"]) == {}
        with pytest.raises(FigureError, match="none of these metrics has a number"):
            figures.write(place, ["campaign_lift"])
        with pytest.raises(FigureError, match=r"'new_faces' is no metric\. Known are .*new_contributors"):
            figures.figures(connection, ["new_faces"])


def test_the_pictures_are_drawn_by_one_browser(place: Workspace) -> None:
    """Two of each page as real PNG files of the size that was asked for, and nothing left beside them."""
    pytest.importorskip("kaleido")
    if shutil.which("chromium") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is not installed, and CI must not skip the pictures")
        pytest.skip("chromium is not installed (on Debian: apt-get install chromium)")
    written = figures.write(place)
    with open_published(place.database) as connection:
        wanted = figures.figures(connection)

    assert [path.name for path in written] == [f"{name}.png" for name in wanted]
    assert len(written) >= 4
    for path, figure in zip(written, wanted.values(), strict=True):
        assert size(path) == (2 * figures.WIDTH, 2 * figure["layout"]["height"])
        assert path.stat().st_size > 20_000
    assert sorted(path.name for path in place.published.iterdir() if path.is_dir()) == ["figures"]


@pytest.mark.parametrize("what", ["none", "not there", "fails", "hangs"])
def test_without_a_browser_half_a_sentence_says_so(
    place: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """No browser, one that is not where it should be, one that fails or hangs: told with what to do, and soon."""
    monkeypatch.setattr(figures, "SECONDS_TO_START", 1)
    monkeypatch.delenv("BROWSER_PATH", raising=False)
    if what == "none":
        monkeypatch.setenv("PATH", str(tmp_path))
    elif what == "not there":
        monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "gone"))
    else:
        program = tmp_path / "browser"
        then = "raise SystemExit(1)" if what == "fails" else "import time; time.sleep(30)"
        program.write_text(f"#!{sys.executable}\n{then}\n")
        program.chmod(0o755)
        monkeypatch.setenv("BROWSER_PATH", str(program))
    said = {
        "none": "no Chromium or Chrome is installed",
        "not there": "which is no program",
        "fails": "does not start",
        "hangs": "does not start",
    }[what]
    with pytest.raises(FigureError, match=f"^no figures, because .*{said}.*apt-get install chromium"):
        figures.write(place)


def test_without_kaleido_half_a_sentence_says_so(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra dependency is named with the command that adds it."""
    monkeypatch.setitem(sys.modules, "kaleido", None)
    monkeypatch.setattr(figures, "find_browser", lambda: "chromium")
    with pytest.raises(FigureError, match=r"kaleido is not installed.*\.\[figures\]"):
        figures.write(place)
