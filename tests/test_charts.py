"""Rows of a metric into a Plotly figure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from plotly import graph_objects
from plotly.offline import get_plotlyjs_version

import published_example
from ospo_metrics import charts, event_pages, pages, project, words
from ospo_metrics.catalog import Metric
from ospo_metrics.pages import Published, Scope
from ospo_metrics.warehouse import open_published
from ospo_metrics.words import Number

THEME = project.root() / "dashboards" / "theme"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Every metric, for a large, a half-covered and a tiny community."""
    path = published_example.build(tmp_path_factory.mktemp("published") / "ospo.duckdb")
    with open_published(path) as connection:
        return pages.read(connection)


def drawn(example: Published) -> Iterator[tuple[Metric, Scope, list[Number], charts.Figure]]:
    for metric in example.metrics.values():
        for scope in example.scopes:
            numbers = list(example.of(metric.metric, scope))
            figure = charts.figure(metric, numbers, example.today)
            if figure:
                yield metric, scope, numbers, figure


def of(example: Published, metric: str, community: int = 0) -> tuple[Metric, list[Number]]:
    return example.metrics[metric], list(example.of(metric, example.scopes[community]))


def traces(figure: charts.Figure, kind: str, axis: str = "y") -> list[dict[str, Any]]:
    return [trace for trace in figure["data"] if trace["type"] == kind and trace["yaxis"] == axis]


def test_every_metric_has_a_chart_that_plotly_accepts(example: Published) -> None:
    """Each figure passes Plotly's own validation, and uses only what the vendored bundle can draw."""
    seen = set()
    for metric, _, _, figure in drawn(example):
        graph_objects.Figure(figure)
        assert {trace["type"] for trace in figure["data"]} <= charts.TRACE_TYPES
        seen.add(metric.metric)
    assert seen == set(example.metrics) - {
        event_pages.METRIC,
        event_pages.MATCHES,
        "mailing_list_crossover",
    }  # which have pages of their own


def test_the_vendored_bundle_is_the_one_the_python_package_speaks() -> None:
    """An update of plotly without its bundle, or the other way round, is found here."""
    head = (THEME / pages.BUNDLE).read_text(encoding="utf-8")[:300]
    assert f"plotly.js (basic - minified) v{get_plotlyjs_version()}\n" in head
    assert "Licensed under the MIT license" in head
    assert (THEME / pages.BUNDLE).stat().st_size < 1_600_000


def test_every_unit_stands_beside_its_panel(example: Published) -> None:
    """No chart without units: each panel names its segment, what is counted, and over which time."""
    for metric, _, numbers, figure in drawn(example):
        texts = [annotation["text"] for annotation in figure["layout"]["annotations"]]
        for segment in charts.series(metric, numbers):
            heading = next(text for text in texts if text.startswith(f"<b>{metric.segments[segment]}</b>"))
            assert re.search(r"(people|hours|days|% of newcomers) (by month|over 12 months)\b", heading)


def test_a_missing_number_is_a_gap_with_its_reason(example: Published) -> None:
    """What is not ok has no point on any line or bar; a cross in its place tells the reason."""
    for _metric, _scope, numbers, figure in drawn(example):
        shown = {
            (trace["yaxis"], x)
            for trace in figure["data"]
            if "hovertext" in trace
            for x, y in zip(trace["x"], trace["y"], strict=True)
            if y is not None
        }
        crosses = [trace for trace in figure["data"] if trace.get("marker", {}).get("symbol") == "x-thin"]
        hidden = {(trace["yaxis"], x) for trace in crosses for x in trace["x"]}
        assert not shown & hidden
        assert bool(hidden) == any(not number.has_value for number in numbers if number.is_month or hidden)
    metric, numbers = of(example, "first_response_time", 2)
    figure = charts.figure(metric, numbers, example.today)
    assert figure is not None
    told = [trace.get("hovertemplate", "") for trace in figure["data"] if "hovertext" not in trace]
    assert any("no data<br>The archive of the mailing list ends on" in text for text in told)


def test_uncertainty_is_drawn_wherever_there_is_some(example: Published) -> None:
    """Whiskers reach from the lower to the upper bound; where there is no interval there are none."""
    metric, numbers = of(example, "new_contributors")
    figure = charts.figure(metric, numbers, example.today)
    assert figure is not None
    bars = traces(figure, "bar")[0]
    first = next(number for number in charts.series(metric, numbers)["outside"] if number.has_value)
    assert first.upper is not None
    assert first.lower is not None
    assert bars["y"][0] + bars["error_y"]["array"][0] == pytest.approx(first.upper, abs=0.01)
    assert bars["y"][0] - bars["error_y"]["arrayminus"][0] == pytest.approx(first.lower, abs=0.01)
    metric, numbers = of(example, "contributors")
    figure = charts.figure(metric, numbers, example.today)
    assert figure is not None
    assert not any("error_y" in trace for trace in figure["data"])


def test_a_range_that_leaves_the_chart_is_said_to(example: Published) -> None:
    """One month of wild uncertainty does not flatten the others, and its panel says that it is cut off."""
    metric, numbers = of(example, "first_response_time")
    cut = [replace(number, upper=5000.0) if number.segment == "newcomers" else number for number in numbers]
    for rows, expected in ((numbers, []), (cut, ["Newcomers"])):
        figure = charts.figure(metric, rows, example.today)
        assert figure is not None
        texts = [annotation["text"] for annotation in figure["layout"]["annotations"]]
        assert expected == [text[3:].split("<")[0] for text in texts if "ranges cut off at the top" in text]
        assert figure["layout"]["yaxis"]["range"][1] < 100


def test_a_month_that_is_not_over_is_pale(example: Published) -> None:
    """The running month is drawn apart and pale, with a line at the day up to which the data tell."""
    metric, numbers = of(example, "contributors")
    figure = charts.figure(metric, numbers, example.today)
    assert figure is not None
    finished, running = traces(figure, "bar")
    assert (finished["opacity"], len(finished["x"])) == (1.0, published_example.MONTHS - 1)
    assert (running["opacity"], running["x"]) == (0.4, ["2026-07-16"])
    assert [shape["x0"] for shape in figure["layout"]["shapes"] if shape["type"] == "line"] == ["2026-07-12"]
    assert charts.figure(metric, numbers, date(2026, 8, 1)) is not None


def test_bars_of_one_chart_share_one_scale(example: Published) -> None:
    """A person is equally tall in every panel, so that panels may be compared by eye."""
    metric, numbers = of(example, "contributors")
    figure = charts.figure(metric, numbers, example.today)
    assert figure is not None
    axes = [axis for name, axis in figure["layout"].items() if name.startswith("yaxis")]
    tallness = [(axis["domain"][1] - axis["domain"][0]) / axis["range"][1] for axis in axes]
    assert tallness == pytest.approx([tallness[0]] * 4, rel=0.01)


def test_nothing_to_draw_is_no_chart(example: Published) -> None:
    """Without a single number there is no empty frame."""
    metric, numbers = of(example, "contributor_absence_factor", 3)
    assert {number.status for number in numbers} == {"refused"}
    assert charts.figure(metric, numbers, example.today) is None
    assert charts.figure(metric, [], example.today) is None


def test_one_meaning_has_one_colour_on_chart_and_page(example: Published) -> None:
    """The style sheet and the charts name the same colours, on light and on dark pages."""
    style = (THEME / "style.css").read_text(encoding="utf-8")
    for name, colour in charts.COLOURS.items():
        assert f".is-{name} {{ --segment: {colour}; }}" in style
        assert f".is-{name} {{ --segment: {charts.DARK[colour]}; }}" in style
    for _metric, _scope, _numbers, figure in drawn(example):
        used = set(re.findall(r"#[0-9a-f]{6}", str(figure)))
        assert used <= set(charts.DARK)


@pytest.mark.parametrize(
    ("palette", "paper"), [(charts.COLOURS.values(), charts.PAPER), (charts.DARK.values(), None)]
)
def test_text_in_a_colour_can_be_read(palette: Any, paper: str | None) -> None:
    """Every colour that writes words has a contrast of at least 4.5 to the page (WCAG 2.2 AA)."""
    if paper is None:
        paper = charts.DARK[charts.PAPER]
        palette = [charts.DARK[colour] for colour in [*charts.COLOURS.values(), charts.INK, charts.MUTED]]
    for colour in palette:
        assert contrast(colour, paper) >= 4.5, colour


def test_a_chart_can_be_told_to_who_does_not_see_it(example: Published) -> None:
    """The text alternative names what is drawn, its lowest, highest and newest values, and its gaps."""
    metric, numbers = of(example, "contributors")
    text = charts.alternative(metric, numbers).replace(words.NBSP, " ")
    assert text.startswith(f"Chart: {metric.title}, people by month. People from outside: lowest ")
    assert re.search(r"latest \d+ \(July 2026\)\.", text)
    metric, numbers = of(example, "newcomer_retention")
    assert re.search(r"\d+ of 25 periods have no number\.", charts.alternative(metric, numbers))


def test_words_from_outside_are_only_text_in_a_chart(example: Published) -> None:
    """A reason with markup or with Plotly's own placeholders shows as it is written."""
    metric, numbers = of(example, "contributors")
    first = next(index for index, number in enumerate(numbers) if number.is_month)
    hostile = '<a href="javascript:x">%{customdata}</a> ' + "y" * 500
    numbers[first] = replace(numbers[first], status="refused", value=None, reason=hostile)
    figure = charts.figure(metric, numbers, example.today)
    assert figure is not None
    told = next(trace["hovertemplate"] for trace in figure["data"] if "hovertext" not in trace)
    assert "<a" not in told
    assert "%{customdata}" not in told
    assert max(map(len, told.split("<br>"))) < 80


def test_no_chart_offers_to_send_itself_away() -> None:
    """Plotly's button that uploads a chart to a cloud stays off, whatever else is shown."""
    assert "sendChartToCloud" in charts.CONFIG["modeBarButtonsToRemove"]
    assert charts.CONFIG["displaylogo"] is False


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_theme_is_complete() -> None:
    """Everything that a page leans on is in the theme folder."""
    assert {path.name for path in Path(THEME).iterdir()} >= {
        *("base.html.j2", "index.html.j2", "page.html.j2", "parts.html.j2"),
        *("style.css", "script.js", pages.BUNDLE, "plotly-LICENSE.txt"),
    }
