"""Metrics and pages, as dbt's manifest describes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import published_example
from ospo_metrics import catalog, project


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A manifest with the words of our real metrics and pages."""
    return published_example.manifest(tmp_path)


def changed(manifest: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    content = json.loads(manifest.read_text(encoding="utf-8"))
    change(content)
    manifest.write_text(json.dumps(content), encoding="utf-8")
    return manifest


def meta(content: dict[str, Any], metric: str = "new_contributors") -> dict[str, Any]:
    found: dict[str, Any] = content["nodes"][f"model.ospo_metrics.{metric}"]["config"]["meta"]
    return found


def test_a_catalog_survives_its_tables(manifest: Path) -> None:
    """What is written into the published file is read back word for word, segments in their order."""
    known = catalog.read(manifest, "EUR")
    metrics = [
        catalog.metric_from_row(dict(zip(catalog.METRIC_COLUMNS, row, strict=True)))
        for row in catalog.metric_rows(known)
    ]
    pages = [
        catalog.page_from_row(dict(zip(catalog.PAGE_COLUMNS, row, strict=True)))
        for row in catalog.page_rows(known)
    ]
    shown = [
        catalog.shown_from_row(dict(zip(catalog.EVIDENCE_COLUMNS, row, strict=True)))
        for row in catalog.evidence_rows(known)
    ]
    assert len(shown) > 5
    assert known == catalog.Catalog(tuple(metrics), tuple(pages), tuple(shown))
    assert [list(metric.segments) for metric in known.metrics] == [
        list(metric.segments) for metric in metrics
    ]


def test_metrics_on_a_page_stand_in_the_order_of_its_file(manifest: Path) -> None:
    """The order of `depends_on` is the order on the page, and pages follow their position."""
    files = [
        yaml.safe_load(path.read_text(encoding="utf-8"))["exposures"][0]
        for path in (project.root() / "dashboards" / "pages").glob("*.yml")
    ]
    files.sort(key=lambda page: page["config"]["meta"]["position"])
    pages = {page.page: page.metrics for page in catalog.read(manifest, "EUR").pages}
    assert list(pages) == [page["name"] for page in files]
    for page in files:
        assert pages[page["name"]] == tuple(ref.split("'")[1] for ref in page["depends_on"])


def test_every_metric_has_a_page_and_every_page_a_question(manifest: Path) -> None:
    """No metric is out of sight, and each says on its first page what it answers there."""
    known = catalog.read(manifest, "EUR")
    assert {name for page in known.pages for name in page.metrics} == {
        metric.metric for metric in known.metrics
    }
    assert len(known.pages) >= 12
    for page in known.pages:
        assert page.question.endswith("?")
        assert set(page.asks) == set(page.metrics), page.page
        assert all(ask.endswith("?") for ask in page.asks.values())


def test_a_definition_is_for_readers(manifest: Path) -> None:
    """The grain with which a model's description begins is left to those who query it."""
    metrics = catalog.read(manifest, "EUR").metrics

    assert metrics
    assert not any(one.definition.startswith("One row per") or one.definition[0].islower() for one in metrics)
    assert {one.grain for one in metrics if one.metric == "new_contributors"} == {"scope, period and segment"}


def test_a_metric_says_what_a_row_is_for(manifest: Path) -> None:
    """A description that does not begin with the grain is refused, with how to begin."""

    def change(content: dict[str, Any]) -> None:
        content["nodes"]["model.ospo_metrics.new_contributors"]["description"] = "People who are new."

    with pytest.raises(
        catalog.CatalogError, match=r"new_contributors.yml.*begin with its grain.*One row per scope"
    ):
        catalog.read(changed(manifest, change), "EUR")


def test_what_stands_behind_a_metric_is_none(manifest: Path) -> None:
    """A model in a folder below the metrics holds evidence, and owes no words."""

    def change(content: dict[str, Any]) -> None:
        node = content["nodes"]["model.ospo_metrics.new_contributors"]
        content["nodes"]["model.ospo_metrics.curves"] = node | {
            "name": "curves", "path": "metrics/evidence/curves.sql", "config": {},
        }  # fmt: skip

    assert "curves" not in {
        metric.metric for metric in catalog.read(changed(manifest, change), "EUR").metrics
    }


@pytest.mark.parametrize("word", [*catalog.REQUIRED_WORDS, "definition"])
def test_a_metric_without_a_word_is_refused_by_file_and_word(manifest: Path, word: str) -> None:
    """Who adds a metric is told which file lacks what."""

    def change(content: dict[str, Any]) -> None:
        if word == "definition":
            content["nodes"]["model.ospo_metrics.new_contributors"]["description"] = " "
        else:
            del meta(content)[word]

    named = "description" if word == "definition" else word
    with pytest.raises(catalog.CatalogError, match=f"models/metrics/new_contributors.yml.*'{named}'"):
        catalog.read(changed(manifest, change), "EUR")


@pytest.mark.parametrize(
    ("word", "value", "says"),
    [
        ("kind", "average", "has kind 'average'; write one of count, proportion, duration, factor, cost"),
        ("direction", "sideways", "write one of up, down, context"),
        ("chart", "pie", "write one of bars, line, dots"),
        ("headline_segment", "inside", "write one of its segments: outside, own, bots"),
        ("segments", ["outside"], "Write segment: label"),
        ("caveats", "one", "Write a list of sentences"),
        ("compare", ["outside", "inside"], "name two of its segments"),
        ("working", ["inside"], "'working'.*list some of its segments"),
        ("sentence", "{value} people", r"names \{value\} in 'sentence'; known fields are amount"),
        ("sentence", "{amount people", "no template"),
        (
            "folding",
            {"adds_up": ["months"]},
            "has 'adds_up'; write tells.*under config: meta: folding:",
        ),
        ("folding", {"tells": "apples"}, "has tells 'apples'; write one of shares, counts, people, things"),
        ("folding", {"adds_up_over": ["weeks"]}, "write one of months, projects"),
        ("folding", {"whole": "bigger"}, "write one of unlike its parts, more than its parts"),
        (
            "folding",
            {"made_of": {"all": [["outside", "own"]]}},
            "'all' made of others; its segments are outside",
        ),
        (
            "folding",
            {"made_of": {"own": [["outside", "b*s", "c*"]]}},
            r"names the part 'c\*'; its segments are",
        ),
    ],
)
def test_a_word_that_cannot_be_used_is_refused_with_what_can(
    manifest: Path, word: str, value: object, says: str
) -> None:
    """A misspelt kind, chart, segment or field of a sentence is found before a page is made."""
    with pytest.raises(
        catalog.CatalogError, match=f"new_contributors.yml: metric 'new_contributors'.*{says}"
    ):
        catalog.read(changed(manifest, lambda content: meta(content).__setitem__(word, value)), "EUR")


def test_a_star_stands_for_all_segments_of_a_form(manifest: Path) -> None:
    """Eighteen channels are named once, in the order of the segments, beside those that have no channel."""
    told = {metric.metric: metric.folding for metric in catalog.read(manifest, "EUR").metrics}[
        "newcomer_retention"
    ]
    ways = [parts for total, parts in told.made_of if total == "day_90"]
    assert ways[0] == ("event_day_90", "organic_day_90")
    assert len(ways[1]) == 19
    assert ways[1][-1] == "unknown_day_90"
    assert all(part.startswith("first_") and part.endswith("_day_90") for part in ways[1][:-1])


def test_a_share_says_of_what(manifest: Path) -> None:
    """A proportion or a waiting time names what stands below the line."""
    with pytest.raises(catalog.CatalogError, match=r"newcomer_retention.yml.*has no 'of'.*of: newcomers"):
        catalog.read(changed(manifest, lambda content: meta(content, "newcomer_retention").pop("of")), "EUR")


def test_a_page_cannot_name_an_unknown_metric(manifest: Path) -> None:
    """The error names the page's file, the metric, and those that there are."""

    def change(content: dict[str, Any]) -> None:
        content["exposures"]["exposure.ospo_metrics.help"]["refs"].append({"name": "newcomers"})

    with pytest.raises(catalog.CatalogError, match=r"pages/help.yml.*'newcomers'.*Known: .*contributors"):
        catalog.read(changed(manifest, change), "EUR")


def test_without_a_manifest_the_error_says_what_to_run(tmp_path: Path) -> None:
    """Before the first build there is no catalog."""
    with pytest.raises(catalog.CatalogError, match="ospo-metrics build"):
        catalog.read(tmp_path / "manifest.json", "EUR")
