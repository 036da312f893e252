"""Weeks and the mean of eight of them."""

from __future__ import annotations

import pytest
from plotly import graph_objects

from ospo_metrics import chart_style, pages, week_charts
from ospo_metrics.catalog import Metric
from ospo_metrics.settings import Workspace
from ospo_metrics.site_data import Published
from ospo_metrics.warehouse import open_published
from ospo_metrics.words import Number


@pytest.fixture(scope="module")
def read(published: Workspace) -> Published:
    with open_published(published.database) as connection:
        return pages.read(connection)


@pytest.fixture
def weeks(read: Published) -> list[Number]:
    return list(read.weeks["new_contributors", "program", "program"])


@pytest.fixture
def metric(read: Published) -> Metric:
    return read.metrics["new_contributors"]


def test_the_means_are_those_of_the_database(published: Workspace, weeks: list[Number]) -> None:
    """A mean is of a week and the seven before it, and there is none where one of the eight has no number."""
    with open_published(published.database) as connection:
        expected = connection.execute(
            """
            select period_end, avg(value) over eight from metrics.new_contributors
            where scope_kind = 'program' and segment = 'outside' and status = 'ok' and period_end - period_start = 7
            window eight as (order by period_end rows 7 preceding)
            qualify count(*) over eight = 8
            order by period_end
            """
        ).fetchall()

    found = [(number.period_end, mean) for number, mean in week_charts.means(weeks)]

    assert len(expected) > 50
    assert [end for end, _ in found] == [end for end, _ in expected]
    assert [mean for _, mean in found] == pytest.approx([mean for _, mean in expected])


def test_over_a_week_without_a_number_there_is_no_line(metric: Metric, weeks: list[Number]) -> None:
    """What is not known is no zero: the line breaks off and goes on when eight weeks are known again."""
    known = [number for number in weeks if number.is_ok]
    lacking = known[30]
    rest = [number for number in weeks if number is not lacking]

    figure = week_charts.figure(metric, rest)

    assert figure is not None
    bars, line = figure["data"]
    assert len(bars["x"]) == len(known) - 1
    assert line["y"].count(None) == 1
    assert len(line["y"]) - 1 == len(week_charts.means(weeks)) - 8
    graph_objects.Figure(chart_style.whole(figure))


def test_few_weeks_make_no_chart(metric: Metric, weeks: list[Number]) -> None:
    """Below sixteen weeks a mean of eight would say next to nothing."""
    known = [number for number in weeks if number.is_ok]

    assert week_charts.figure(metric, known[:15]) is None
    assert week_charts.figure(metric, known[:16]) is not None


def test_what_it_shows_is_told_in_words(metric: Metric, weeks: list[Number]) -> None:
    """The text for who does not see the chart has the lowest, highest and latest mean."""
    along = [mean for _, mean in week_charts.means(weeks)]

    text = week_charts.alternative(metric, weeks)

    assert f"lowest {min(along):.1f} (" in text
    assert f"highest {max(along):.1f} (" in text
    assert f"latest {along[-1]:.1f} (" in text


def test_weeks_are_for_readers_inside(published: Workspace, read: Published) -> None:
    """Each community has its own chart of weeks on the page of newcomers, of one segment only."""
    page = (published.dashboards / "newcomers.html").read_text(encoding="utf-8")

    assert 'data-figure="new_contributors-weeks"' in page
    assert {key[1] for key in read.weeks} == {"program", "community"}
    assert {number.segment for row in read.weeks.values() for number in row} == {"outside"}
