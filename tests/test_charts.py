"""Rows of a metric into Plotly figures of every shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from plotly import graph_objects
from plotly.offline import get_plotlyjs_version

import published_example
from ospo_metrics import (
    chart_style,
    charts,
    cohort_charts,
    curve_charts,
    lift_charts,
    marks,
    pages,
    project,
    row_charts,
    views,
    words,
)
from ospo_metrics.catalog import CHARTS, KINDS, Metric
from ospo_metrics.chart_style import Figure
from ospo_metrics.curve_charts import Step
from ospo_metrics.lift_charts import Day, Lift
from ospo_metrics.row_charts import Panel, Row
from ospo_metrics.site_data import Published, Scope
from ospo_metrics.warehouse import open_published
from ospo_metrics.words import Number

THEME = project.root() / "dashboards" / "theme"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Every metric, for a large, a half-covered and a tiny community."""
    path = published_example.build(tmp_path_factory.mktemp("published") / "ospo.duckdb")
    with open_published(path) as connection:
        return pages.read(connection)


def drawn(example: Published) -> Iterator[tuple[Metric, Scope, list[Number], Figure]]:
    for metric in example.metrics.values():
        for scope in example.scopes:
            numbers = list(example.of(metric.metric, scope))
            figure = charts.figure(metric, numbers, example.today)
            if figure:
                yield metric, scope, numbers, figure


def tallness(figure: Figure) -> list[float]:
    axes = [axis for name, axis in figure["layout"].items() if name.startswith("yaxis")]
    return [(axis["domain"][1] - axis["domain"][0]) / (axis["range"][1] - axis["range"][0]) for axis in axes]


def of(example: Published, metric: str, community: int = 0) -> tuple[Metric, list[Number]]:
    return example.metrics[metric], list(example.of(metric, example.scopes[community]))


def traces(figure: Figure, kind: str, axis: str = "y") -> list[dict[str, Any]]:
    return [trace for trace in figure["data"] if trace["type"] == kind and trace["yaxis"] == axis]


def test_every_metric_has_a_chart_that_plotly_accepts(example: Published) -> None:
    """Each figure passes Plotly's own validation, and uses only what the vendored bundle can draw."""
    seen = set()
    for metric in example.metrics.values():
        for scope in example.scopes:
            for drawing in views.part(example, metric, scope)[1]:
                whole = chart_style.whole(drawing.figure)
                graph_objects.Figure(whole)
                assert {trace["type"] for trace in whole["data"]} <= chart_style.TRACE_TYPES
                assert drawing.alternative.startswith("Chart: ")
                seen.add(metric.metric)
    assert set(example.metrics) == seen


def test_the_vendored_bundle_is_the_one_the_python_package_speaks() -> None:
    """An update of plotly without its bundle, or the other way round, is found here."""
    head = (THEME / pages.BUNDLE).read_text(encoding="utf-8")[:300]
    assert f"plotly.js (basic - minified) v{get_plotlyjs_version()}\n" in head
    assert "Licensed under the MIT license" in head
    assert (THEME / pages.BUNDLE).stat().st_size < 1_600_000


def test_every_unit_stands_beside_its_panel(example: Published) -> None:
    """No chart without units: each panel names its segment, what is counted, and over which time."""
    for metric, _, numbers, figure in drawn(example):
        texts = [annotation["text"].replace("<br>", " ") for annotation in figure["layout"]["annotations"]]
        if figure["layout"]["meta"]["kind"] == "cohorts":
            assert f"% of {metric.of}, by month" in texts
            continue
        for segment in charts.panelled(metric, charts.series(metric, numbers)):
            heading = next(text for text in texts if text.startswith(f"<b>{metric.segments[segment]}</b>"))
            assert re.search(r" (by month|by quarter|over 12 months|in 2\d days)\b", heading)


def test_a_missing_number_is_a_gap_with_its_reason(example: Published) -> None:
    """What is not ok has no point on any line or bar; a cross in its place tells the reason."""
    for _metric, _scope, numbers, figure in drawn(example):
        if figure["layout"]["meta"]["kind"] != "time":
            continue
        crosses = [trace for trace in figure["data"] if trace.get("meta") == "missing"]
        shown = {
            (trace["yaxis"], x)
            for trace in figure["data"]
            if "hovertemplate" in trace and trace not in crosses
            for x, y in zip(trace["x"], trace["y"], strict=True)
            if y is not None
        }
        hidden = {(trace["yaxis"], x) for trace in crosses for x in trace["x"]}
        assert not shown & hidden
        lacking = [
            number
            for row in charts.panelled(_metric, charts.series(_metric, numbers)).values()
            for number in row
            if not charts.is_drawn(_metric, number)
        ]
        assert len(lacking) == len(hidden)
    metric, numbers = of(example, "first_response_time", 2)
    figure = charts.figure(metric, numbers, example.today)
    assert figure is not None
    told = [trace["hovertemplate"] for trace in figure["data"] if trace.get("meta") == "missing"]
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
    assert tallness(figure) == pytest.approx([tallness(figure)[0]] * 4, rel=0.01)
    metric, numbers = of(example, "joiners_minus_leavers")
    figure = charts.figure(metric, numbers, example.today)
    assert figure is not None
    assert figure["layout"]["yaxis"]["range"][0] < 0
    assert tallness(figure) == pytest.approx([tallness(figure)[0]] * 4, rel=0.01)


def test_waits_many_times_as_long_have_a_scale_of_their_own(example: Published) -> None:
    """What nine in ten wait for does not press the typical wait flat; all that are alike share one scale."""
    metric, numbers = of(example, "first_response_time")
    typical = [number for number in numbers if number.segment == "everyone"]
    long = [replace(number, segment="everyone_p90", value=(number.value or 0) * 40) for number in typical]
    figure = charts.figure(metric, [*numbers, *long], example.today)
    assert figure
    panels = {
        trace["yaxis"]: figure["layout"][f"yaxis{trace['yaxis'][1:]}"]["range"][1] for trace in figure["data"]
    }
    *alike, alone = [panels[axis] for axis in sorted(panels)]
    assert len(alike) == 3
    assert len(set(alike)) == 1
    most = max(number.value or 0 for number in typical)
    assert alike[0] < 3 * most
    assert alone * 24 > 30 * most


def test_where_nobody_was_counted_there_is_no_range(example: Published) -> None:
    """A panel of zeros is one flat line without whiskers; the range of each zero stands in the table."""
    metric, numbers = of(example, "new_contributors")
    nobody = [
        replace(number, value=0.0, lower=0.0, upper=3.7)
        if number.segment == "bots" and number.is_ok
        else number
        for number in numbers
    ]
    figure = charts.figure(metric, nobody, example.today)
    assert figure
    empty = [
        trace
        for trace in figure["data"]
        if trace["type"] == "bar" and not any(value or 0 for value in trace["y"])
    ]
    assert empty
    assert all("error_y" not in trace for trace in empty)


def test_the_newest_number_fits_beside_its_line(example: Published) -> None:
    """The margin on the right is as wide as the longest number that stands in it."""
    metric, numbers = of(example, "first_response_time")
    figure = charts.figure(metric, numbers, example.today)
    assert figure
    told = [
        re.sub(r"<.*?>", "", label["text"])
        for label in figure["layout"]["annotations"]
        if label.get("x") == 1 and label.get("xanchor") == "left"
    ]
    assert told
    assert figure["layout"]["margin"]["r"] >= 8 * max(len(text) for text in told)


def test_nothing_to_draw_is_no_chart(example: Published) -> None:
    """Without a single number there is no empty frame."""
    metric, numbers = of(example, "contributor_absence_factor", 3)
    assert {number.status for number in numbers} == {"refused"}
    assert charts.figure(metric, numbers, example.today) is None
    assert charts.figure(metric, [], example.today) is None


def test_one_meaning_has_one_colour_on_chart_and_page(example: Published) -> None:
    """The style sheet and the charts name the same colours, on light and on dark pages."""
    style = (THEME / "style.css").read_text(encoding="utf-8")
    for name, colour in chart_style.COLOURS.items():
        assert f".is-{name} {{ --segment: {colour}; }}" in style
        assert f".is-{name} {{ --segment: {chart_style.DARK[colour]}; }}" in style
    for _metric, _scope, _numbers, figure in drawn(example):
        used = set(re.findall(r"#[0-9a-f]{6}", str(figure)))
        assert used <= set(chart_style.DARK)


@pytest.mark.parametrize(
    ("palette", "paper"),
    [(chart_style.COLOURS.values(), chart_style.PAPER), (chart_style.DARK.values(), None)],
)
def test_text_in_a_colour_can_be_read(palette: Any, paper: str | None) -> None:
    """Every colour that writes words has a contrast of at least 4.5 to the page (WCAG 2.2 AA)."""
    if paper is None:
        paper = chart_style.DARK[chart_style.PAPER]
        palette = [
            chart_style.DARK[colour]
            for colour in [*chart_style.COLOURS.values(), chart_style.INK, chart_style.MUTED]
        ]
    for colour in palette:
        assert contrast(colour, paper) >= 4.5, colour


def test_a_chart_can_be_told_to_who_does_not_see_it(example: Published) -> None:
    """The text alternative names what is drawn, its lowest, highest and newest values, and its gaps."""
    metric, numbers = of(example, "contributors")
    text = charts.alternative(metric, charts.series(metric, numbers)).replace(words.NBSP, " ")
    assert text.startswith(f"Chart: {metric.title}, people by month. People from outside: lowest ")
    assert re.search(r"latest \d+ \(July 2026\)\.", text)
    metric, numbers = of(example, "newcomer_retention")
    assert re.search(
        r"\d+ of 25 periods have no number\.", charts.alternative(metric, charts.series(metric, numbers))
    )


def test_words_from_outside_are_only_text_in_a_chart(example: Published) -> None:
    """A reason with markup or with Plotly's own placeholders shows as it is written."""
    metric, numbers = of(example, "contributors")
    first = next(index for index, number in enumerate(numbers) if number.is_month)
    hostile = '<a href="javascript:x">%{customdata}</a> ' + "y" * 500
    numbers[first] = replace(numbers[first], status="refused", value=None, reason=hostile)
    figure = charts.figure(metric, numbers, example.today)
    assert figure is not None
    told = next(trace["hovertemplate"] for trace in figure["data"] if trace.get("meta") == "missing")
    assert "<a" not in told
    assert "%{customdata}" not in told
    assert max(map(len, told.split("<br>"))) < 80


def test_no_chart_offers_to_send_itself_away() -> None:
    """Plotly's button that uploads a chart to a cloud stays off, whatever else is shown."""
    assert "sendChartToCloud" in chart_style.CONFIG["modeBarButtonsToRemove"]
    assert chart_style.CONFIG["displaylogo"] is False


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chart", CHARTS)
def test_any_kind_can_be_drawn_in_any_shape(example: Published, kind: str, chart: str) -> None:
    """Whatever a metric's words choose, its numbers over time and one by one come out as Plotly takes them."""
    metric = next(one for one in example.metrics.values() if one.kind == kind)
    metric = replace(metric, chart=chart)
    numbers = [
        replace(number, metric="any", segment=metric.headline_segment, **ends(kind, at))
        for at, number in enumerate(
            number
            for number in of(example, "contributors")[1]
            if number.segment == "outside" and number.is_month
        )
    ]
    figure = charts.figure(metric, numbers, example.today)
    assert figure is not None
    graph_objects.Figure(chart_style.whole(figure))
    rows = [Row(f"Event {at}", "May 2026", date(2026, 5, 1), number) for at, number in enumerate(numbers[:9])]
    lines = row_charts.figure(metric, [Panel("All", metric.headline_segment, rows)])
    assert lines is not None
    graph_objects.Figure(chart_style.whole(lines))


def ends(kind: str, at: int) -> dict[str, Any]:
    """A value with its range, as a metric of this kind may have it."""
    value = {"proportion": 0.1 + at / 50, "difference": at / 10 - 1, "score": at - 9.0}.get(kind, 1.0 + at)
    return {"value": value, "lower": value - 0.1, "upper": value + 0.1, "status": "ok", "reason": None}


def test_less_than_nothing_stands_below_a_line_in_the_middle(example: Published) -> None:
    """A difference or a score with negative values has its zero in the middle of the panel, labelled, and whiskers."""
    metric, numbers = of(example, "newcomer_response_gap")
    figure = charts.figure(replace(metric, chart="whiskers"), numbers, example.today)
    assert figure is not None
    axis = figure["layout"]["yaxis"]
    assert axis["range"][0] == -axis["range"][1]
    assert axis["ticktext"][1] == "0"
    assert axis["ticktext"][0].startswith("−")
    assert any("error_y" in trace and "lines" in trace["mode"] for trace in traces(figure, "scatter"))


@pytest.mark.parametrize(("most", "step"), [(2, 1), (40, None)])
def test_nobody_is_counted_in_halves(example: Published, most: int, step: int | None) -> None:
    """Lines of a few people have ticks at whole numbers; of many, Plotly finds round ones itself."""
    metric, numbers = of(example, "contributors")
    numbers = [
        replace(number, value=float(most), lower=None, upper=None, status="ok") for number in numbers[:3]
    ]
    rows = [Row(f"Event {at}", "", None, number) for at, number in enumerate(numbers)]
    figure = row_charts.figure(metric, [Panel("All", metric.headline_segment, rows)])
    assert figure is not None
    assert figure["layout"]["xaxis"].get("dtick") == step


def test_twice_and_half_are_equally_far(example: Published) -> None:
    """Ratios go by their logarithm and always show once as many; so do costs, whose range may be open at the top."""
    metric = example.metrics["campaign_lift"]
    rows = [Row(f"{value}", "", None, ratio(value)) for value in (0.5, 1.0, 2.0)]
    figure = row_charts.figure(metric, [Panel("", "stars_month", rows)])
    assert figure is not None
    half, once, twice = figure["data"][0]["x"]
    assert once - half == pytest.approx(twice - once)
    assert once == 0
    assert "1×" in figure["layout"]["xaxis"]["ticktext"]
    cost = replace(ratio(0), value=None, lower=1000.0, upper=None)
    lines = row_charts.figure(
        example.metrics["cost_per_engaged_newcomer"], [Panel("", "x", [Row("a", "", None, cost)])]
    )
    assert lines is not None
    bar = lines["data"][0]
    assert bar["x"][0] + bar["error_x"]["array"][0] == pytest.approx(
        lines["layout"]["xaxis"]["range"][1], abs=0.01
    )


def test_a_long_name_stands_whole(example: Published) -> None:
    """A name takes as many lines as it needs, none of them too long for a phone, and pushes what is below down."""
    metric = example.metrics["campaign_lift"]
    name = "The annual summit of everybody who keeps servers running, with a name that is rather long"
    rows = [Row(name, "Sep 2026", None, ratio(0.5)), Row("Short", "May 2026", None, ratio(2.0))]
    figure = row_charts.figure(metric, [Panel("", "stars_month", rows)])
    assert figure is not None
    long, value, short, _ = figure["layout"]["annotations"][1:]
    lines = long["text"].split("<br>")
    assert " ".join(lines) == f"{name}  <i>Sep 2026</i>"
    assert len(lines[0]) + len(value["text"].removeprefix("<b>").removesuffix("</b>")) <= 41
    assert max(len(line.replace("<i>", "").replace("</i>", "")) for line in lines) <= 41
    heights = [height for _, height in figure["layout"]["meta"]["panels"][0]]
    assert heights[0] - heights[1] == 17 * (len(lines) - 1)
    assert value["y"] < long["y"] < figure["data"][0]["y"][0] < short["y"]
    assert figure["layout"]["yaxis"]["range"][0] == sum(heights)


def test_names_alone_make_no_chart(example: Published) -> None:
    """Of many segments without a number the chart names none; the caption says how many, and the table has them."""
    metric, numbers = of(example, "attribution_channel_mix")
    known = next(number for number in numbers if number.has_value and number.grain == "year")
    rows = [
        replace(known, segment=segment, value=None, status="no_data", reason="Nobody.")
        if at > 1
        else replace(known, segment=segment)
        for at, segment in enumerate(metric.segments)
    ]
    scope = example.scopes[0]
    alone = replace(example, numbers={**example.numbers, (metric.metric, scope.kind, scope.id): rows})
    part, drawings = views.part(alone, metric, scope)
    (ranked,) = (drawing for drawing in drawings if drawing.id == "ranked")
    named = [note["text"] for note in ranked.figure["layout"]["annotations"]]
    assert "no data" not in named
    assert f"{len(rows) - 2} more have no number; the table says why." in ranked.caption
    told = [row["name"] for row in part["ranking"]["rows"]]
    for segment in list(metric.segments)[2:]:
        *title, rest = words.label(metric, segment).split(", ", 1)
        lines = [
            name
            for name in told
            if all(name.startswith(one) for one in title) and rest in name.split(": ")[-1].split("; ")
        ]
        assert len(lines) == 1, segment
    reasons = [row["reason"] for row in part["ranking"]["rows"] if row["reason"]]
    assert len(reasons) < len(rows) / 3


def test_a_segment_without_any_number_has_no_panel_and_is_named_below(example: Published) -> None:
    """An empty strip, or one with a point here and there, says less than a word below the chart."""
    metric, numbers = of(example, "answered_within_48h")
    months = [number for number in numbers if number.is_month]
    segments = list(charts.series(metric, months))
    for kept, most in ((0, "none"), (1, "few")):
        few = [
            replace(number, value=None, status="too_early", reason="Not yet.")
            if number.segment != metric.headline_segment and number.period_start > months[kept].period_start
            else number
            for number in months
        ]
        few = [
            number
            for number in few
            if kept or number.segment == metric.headline_segment or not number.has_value
        ]
        shown = charts.series(metric, few)
        assert list(charts.panelled(metric, shown)) == [metric.headline_segment], most
        figure = charts.figure(metric, few, example.today)
        assert figure is not None
        assert len([name for name in figure["layout"] if name.startswith("yaxis")]) == 1
        left_out = charts.not_drawn(metric, shown)
        for segment in segments:
            named = f"‘{words.label(metric, segment)}’" in left_out
            assert named == (segment != metric.headline_segment and segment in shown), most
        assert charts.alternative(metric, shown).endswith(left_out)
    assert charts.not_drawn(metric, charts.series(metric, months)) == ""


def test_months_without_a_number_have_a_word(example: Published) -> None:
    """Where the reasons differ from month to month, a long gap still has a word in it."""
    metric, numbers = of(example, "answered_within_48h")
    statuses = ("too_early", "suppressed")
    months = [number for number in numbers if number.is_month]
    latest = sorted({number.period_start for number in months})[-12:]
    gaps = [
        replace(number, value=None, status=statuses[number.period_start.month % 2], reason="Not yet.")
        if number.segment == metric.headline_segment and number.period_start in latest
        else number
        for number in months
    ]
    figure = charts.figure(metric, gaps, example.today)
    assert figure is not None
    texts = [note["text"] for note in figure["layout"]["annotations"] if note.get("yref") == "y domain"]
    assert "no number" in texts


def test_the_lower_half_of_a_range_is_seen_on_its_bar(example: Published) -> None:
    """A range is drawn in ink; on a bar of nearly the same colour nobody would see it, on light or dark pages."""
    bars = [
        trace
        for _metric, _scope, _numbers, figure in drawn(example)
        for trace in figure["data"]
        if trace["type"] == "bar" and "error_y" in trace
    ]
    assert bars
    for trace in bars:
        for palette in ({}, chart_style.DARK):
            ink, paper, bar = (palette.get(one, one) for one in (
                chart_style.INK, chart_style.PAPER, trace["marker"]["color"]
            ))  # fmt: skip
            seen = mixed(bar, paper, trace["marker"].get("opacity", 1.0))
            assert contrast(ink, seen) >= 1.6, trace["marker"]
            assert contrast(seen, paper) >= 3, trace["marker"]


def mixed(colour: str, paper: str, opacity: float) -> str:
    """The colour that is seen where one is drawn on paper with some opacity."""
    pairs = ((int(colour[at : at + 2], 16), int(paper[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(opacity * over + (1 - opacity) * under):02x}" for over, under in pairs)


def ratio(value: float) -> Number:
    numbers = (value, value / 1.5 if value else None, value * 1.5)
    return Number(
        "m",
        "event",
        "e",
        date(2026, 1, 1),
        date(2026, 1, 29),
        "stars_month",
        *numbers,
        None,
        None,
        9,
        "ok",
        None,
    )


def test_each_month_of_arrival_is_a_cell(example: Published) -> None:
    """A row for each waiting time, a column for each month; without a number it is grey, with a wide range low."""
    metric, numbers = of(example, "newcomer_retention")
    figure = charts.figure(replace(metric, chart="cohort"), numbers, example.today)
    assert figure is not None
    shown = charts.panelled(replace(metric, chart="cohort"), charts.series(metric, numbers))
    assert len(figure["data"]) == len(shown)
    for cells, row in zip(figure["data"], shown.values(), strict=True):
        for at, number in enumerate(row):
            assert (cells["marker"]["color"][at] == chart_style.GAP) == (not number.has_value)
            assert bool(cells["text"][at]) == number.has_value
            is_wide = number.has_value and (number.upper or 1) - (number.lower or 0) > cohort_charts.WIDE
            assert (cells["y"][at] < max(cells["y"])) == is_wide
    assert any("too early" in text for cells in figure["data"] for text in cells["hovertext"])


@pytest.mark.parametrize(("direction", "first", "last"), [("down", 0.0, 0.6), ("up", 1.0, 0.4)])
def test_a_curve_rises_where_soon_is_good(
    example: Published, direction: str, first: float, last: float
) -> None:
    """It starts at nobody or at everybody, goes in steps, and has a band; the table beside it says the same."""
    metric = replace(
        example.metrics["time_to_first_activity"], direction=direction, compare=("new", "existing")
    )
    steps = [Step(7, 0.7, 0.6, 0.8, 40), Step(60, 0.4, 0.3, 0.5, 12)]
    curves = {"new": steps, "existing": steps}
    figure = curve_charts.figure(metric, curves)
    assert figure is not None
    graph_objects.Figure(chart_style.whole(figure))
    band, curve = figure["data"][:2]
    assert (curve["y"][0], curve["y"][-1], curve["line"]["shape"]) == (first, pytest.approx(last), "hv")
    assert min(band["y"]) <= min(curve["y"])
    assert len({trace["line"]["color"] for trace in figure["data"][1::2]}) == 2
    assert [when for when, _ in curve_charts.table(metric, curves)] == ["7 days", "30 days"]
    assert curve_charts.table(metric, curves)[0][1][0][0].replace(words.NBSP, " ") == (
        "30 %" if first == 0 else "70 %"
    )
    assert curve_charts.figure(metric, {}) is None


def test_a_lift_shows_what_was_counted_against_what_was_to_be_expected() -> None:
    """Bars, a line for the expectation, a band from the first day on, and its place among ordinary dates."""
    days = [
        Day(day, 5.0 + (day >= 0) * 7, 5.0, 3.0 if day >= 0 else None, 8.0 if day >= 0 else None)
        for day in range(-56, 28)
    ]
    lift = Lift("Stars in four weeks", "stars", days, [0.5 + at / 40 for at in range(60)], 2.4)
    figure = lift_charts.days(lift)
    assert figure is not None
    graph_objects.Figure(chart_style.whole(figure))
    band, before, after, expected = figure["data"]
    assert (min(band["x"]), max(before["x"]), min(after["x"]), len(expected["x"])) == (0, -1, 0, 84)
    dates = lift_charts.ordinary_dates(lift)
    assert dates is not None
    graph_objects.Figure(chart_style.whole(dates))
    assert sum(dates["data"][0]["y"]) == 60
    assert any("this one: 2.4 times" in label["text"] for label in dates["layout"]["annotations"])
    assert "336 stars were counted, where 140 were to be expected." in lift_charts.alternative(lift)
    assert lift_charts.ordinary_dates(replace(lift, ratio=None)) is None
    assert lift_charts.days(replace(lift, days=[])) is None


def test_marks_have_a_lane_of_their_own(example: Published) -> None:
    """Events, campaigns and releases have a sign each, above the panels and below no number."""
    program = example.marks["all"]
    assert {mark.kind for mark in program} == {"event", "campaign"}
    core = example.marks["project=example/core-1"]
    assert {mark.kind for mark in core} == {"release"}
    assert "▼ events, ■ campaigns" in marks.legend(program)
    assert marks.legend([]) == ""
    signs = {trace["marker"]["symbol"] for trace in marks.traces([*program, *core])}
    assert len(signs) == 3
    metric, numbers = of(example, "contributors")
    figure = charts.figure(metric, numbers, example.today, has_marks=True)
    assert figure is not None
    lane = figure["layout"]["meta"]["lane"]
    assert figure["layout"][f"yaxis{lane[1:]}"]["domain"][0] >= figure["layout"]["yaxis"]["domain"][1]
    assert lane not in {trace["yaxis"] for trace in figure["data"]}


def test_no_chart_has_two_scales_in_one_panel(example: Published) -> None:
    """Every vertical axis has its own part of the height; none lies over another."""
    for _, _, _, figure in drawn(example):
        domains = sorted(
            axis["domain"] for name, axis in figure["layout"].items() if name.startswith("yaxis")
        )
        for lower, upper in pairwise(domains):
            assert lower[1] <= upper[0]


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
        *(
            "base.html.j2",
            "index.html.j2",
            "page.html.j2",
            "parts.html.j2",
            "part.html.j2",
            "answers.html.j2",
        ),
        *("community.html.j2", "events.html.j2", "event.html.j2", "methods.html.j2"),
        *("style.css", "script.js", pages.BUNDLE, "plotly-LICENSE.txt"),
    }
