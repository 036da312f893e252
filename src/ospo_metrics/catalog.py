"""Metrics and pages, as dbt's manifest describes them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from string import Formatter
from typing import Any

from ospo_metrics import catalog_folding
from ospo_metrics.catalog_folding import Folding, FoldingWordsError

KINDS = ("count", "proportion", "duration", "factor", "cost", "ratio", "difference", "score")
"""What a metric's number is: a `cost` is money for each of `denominator` people, a `ratio` how many times as much as
without, a `difference` one number minus another, a `score` is on a scale of its own. The last two may be negative."""

DIRECTIONS = ("up", "down", "context")
CHARTS = ("bars", "line", "dots", "whiskers", "cohort", "curve", "lift")
"""How a metric is drawn over time; events and campaigns are always dots with their ranges, one by one.

`whiskers` are dots with their ranges and a line from one to the next, for what may be negative. `cohort` is a heat map
of months of arrival and waiting times, for shares. `curve` and `lift` are dots; the curve, or the days and ordinary
dates behind them, are drawn wherever the published file has them.
"""
SENTENCE_FIELDS = frozenset(
    {"amount", "k", "n", "of_n", "k_of_n", "was", "range", "bounds", "in_period", "scope", "segment"}
)
"""What the template of a metric's sentence may name; `words.py` fills them."""

REQUIRED_WORDS = (
    "title",
    "kind",
    "unit",
    "direction",
    "how_to_read",
    "interval",
    "chart",
    "headline_segment",
    "segments",
    "caveats",
    "sentence",
    "replaces",
    "replaces_why",
)
OPTIONAL_WORDS = (
    "of",
    "happened",
    "compare",
    "counted",
    "working",
    "sentence_not_reached",
    "chaoss_name",
    "chaoss_url",
    "chaoss_deviation",
    "status",
)
_LISTS = ("caveats", "compare", "counted", "working")


class CatalogError(Exception):
    """A metric or page lacks words; the sentence names the file and what to write there."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric and all its words.

    `segments` are labels in the order in which they are shown; `of` is the plural noun of what a share or a
    waiting time is counted over, and `happened` what those did who no longer wait; `compare` names two segments whose
    difference is put into words; `counted` are those segments of a difference that are plain counts, `working` those of
    a waiting time that are in working hours. `grain` says what a row of its table is for; `chaoss_deviation` where it
    is not what CHAOSS writes, and why; `folding` how its numbers make up one another.
    """

    metric: str
    title: str
    definition: str
    grain: str
    how_to_read: str
    kind: str
    unit: str
    direction: str
    chart: str
    headline_segment: str
    segments: Mapping[str, str]
    interval: str
    caveats: tuple[str, ...]
    sentence: str
    replaces: str
    replaces_why: str
    sentence_not_reached: str = ""
    of: str = ""
    happened: str = ""
    compare: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
    working: tuple[str, ...] = ()
    chaoss_name: str = ""
    chaoss_url: str = ""
    chaoss_deviation: str = ""
    sql: str = ""
    status: str = "available"
    folding: Folding = field(default_factory=Folding)


@dataclass(frozen=True, slots=True)
class Page:
    """One page: a question, why it matters, and the metrics that answer it, in order.

    `asks` holds, for a metric, the question it answers on this page. `about` says what can be shown: the program and
    its `communities`, or each of the `mailing_lists`.
    """

    page: str
    question: str
    title: str
    description: str
    position: int
    metrics: tuple[str, ...]
    asks: Mapping[str, str]
    about: str = "communities"


@dataclass(frozen=True, slots=True)
class Shown:
    """A table behind a metric that pages show: its columns with the label of each and how its values are written.

    What is in `whole` is the same in every row of a period, and is told once. Within a segment the rows stand in the
    order of the table, or with the largest of one column first.
    """

    table: str
    heading: str
    note: str
    columns: tuple[tuple[str, str, str], ...]
    whole: tuple[tuple[str, str, str], ...] = ()
    largest_first: str = ""


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every metric by name, the pages in the order in which they are read, and the tables behind metrics."""

    metrics: tuple[Metric, ...]
    pages: tuple[Page, ...]
    shown: tuple[Shown, ...] = ()


METRIC_COLUMNS = {field.name: "VARCHAR" for field in fields(Metric)} | {
    "caveats": "VARCHAR[]",
    "compare": "VARCHAR[]",
    "counted": "VARCHAR[]",
    "working": "VARCHAR[]",
    "segments": "JSON",
    "folding": "JSON",
}
"""The columns of `metrics.metric_catalog` with their DuckDB types, in the order of `metric_rows`."""

PAGE_COLUMNS = {
    "page": "VARCHAR",
    "question": "VARCHAR",
    "title": "VARCHAR",
    "description": "VARCHAR",
    "position": "INTEGER",
    "metrics": "VARCHAR[]",
    "meta": "JSON",
}
"""The columns of `meta.pages` with their DuckDB types, in the order of `page_rows`."""

EVIDENCE_COLUMNS = {
    "table_name": "VARCHAR",
    "heading": "VARCHAR",
    "note": "VARCHAR",
    "columns": "JSON",
    "whole": "JSON",
    "largest_first": "VARCHAR",
}
"""The columns of `meta.evidence` with their DuckDB types, in the order of `evidence_rows`."""

WRITTEN_AS = ("word", "name", "segment", "count", "decimal", "share")
"""How the values of a column behind a metric are written. A `name` is the id of an organization, an event or a
community; a `segment` one of the metric's; any other word has its underscores taken out."""


def read(manifest_path: Path, currency: str) -> Catalog:
    """Read the metrics and pages of a parsed or built dbt project (manifest of dbt-core 1.11).

    A cost is in the currency of the settings, such as EUR; of all other metrics their yml knows the unit.
    """
    if not manifest_path.is_file():
        raise CatalogError(f"{manifest_path} is missing. Run 'ospo-metrics build' to have dbt write it.")
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    found = (_metric(node) for node in _models(manifest, "metrics"))
    metrics = tuple(replace(each, unit=currency) if each.kind == "cost" else each for each in found)
    known = {metric.metric for metric in metrics}
    pages = [_page(exposure, known) for exposure in manifest["exposures"].values()]
    shown = tuple(_shown(node) for node in _models(manifest, "metrics/evidence") if _meta(node).get("shown"))
    return Catalog(metrics, tuple(sorted(pages, key=lambda page: (page.position, page.page))), shown)


def _models(manifest: Mapping[str, Any], folder: str) -> list[Mapping[str, Any]]:
    nodes = sorted(manifest["nodes"].values(), key=lambda node: str(node["name"]))
    return [
        node
        for node in nodes
        if node["resource_type"] == "model"
        and str(node["path"]).replace("\\", "/").rpartition("/")[0] == folder
    ]


def metric_rows(catalog: Catalog) -> list[tuple[Any, ...]]:
    """One row per metric, in the order of `METRIC_COLUMNS`."""
    return [
        tuple(_cell(name, getattr(metric, name)) for name in METRIC_COLUMNS) for metric in catalog.metrics
    ]


def page_rows(catalog: Catalog) -> list[tuple[Any, ...]]:
    """One row per page, in the order of `PAGE_COLUMNS`."""
    return [
        (
            page.page,
            page.question,
            page.title,
            page.description,
            page.position,
            list(page.metrics),
            json.dumps({"asks": dict(page.asks), "about": page.about}, ensure_ascii=False),
        )
        for page in catalog.pages
    ]


def evidence_rows(catalog: Catalog) -> list[tuple[Any, ...]]:
    """One row per table that pages show behind a metric, in the order of `EVIDENCE_COLUMNS`."""
    return [
        (
            one.table,
            one.heading,
            one.note,
            *(json.dumps(each, ensure_ascii=False) for each in (one.columns, one.whole)),
            one.largest_first,
        )
        for one in catalog.shown
    ]


def metric_from_row(row: Mapping[str, Any]) -> Metric:
    """Rebuild a metric from its row in `metrics.metric_catalog`."""
    values: dict[str, Any] = {name: "" if row[name] is None else row[name] for name in METRIC_COLUMNS}
    for name in _LISTS:
        values[name] = tuple(values[name] or ())
    values["segments"] = json.loads(values["segments"])
    values["folding"] = catalog_folding.from_json(values["folding"])
    return Metric(**values)


def page_from_row(row: Mapping[str, Any]) -> Page:
    """Rebuild a page from its row in `meta.pages`."""
    meta = json.loads(row["meta"] or "{}")
    return Page(
        row["page"],
        row["question"],
        row["title"],
        row["description"],
        row["position"],
        tuple(row["metrics"]),
        meta.get("asks", {}),
        meta.get("about", "communities"),
    )


def shown_from_row(row: Mapping[str, Any]) -> Shown:
    """Rebuild a table behind a metric from its row in `meta.evidence`."""
    columns, whole = (
        tuple((name, label, kind) for name, label, kind in json.loads(row[key]))
        for key in ("columns", "whole")
    )
    return Shown(row["table_name"], row["heading"], row["note"], columns, whole, row["largest_first"])


def _cell(name: str, value: Any) -> Any:
    if name == "segments":
        return json.dumps(dict(value), ensure_ascii=False)
    if name == "folding":
        return catalog_folding.as_json(value)
    return list(value) if name in _LISTS else value


def _metric(node: Mapping[str, Any]) -> Metric:
    meta = _meta(node)
    where = f"{_words_file(node)}: metric {node['name']!r}"
    words: dict[str, Any] = {}
    for key in REQUIRED_WORDS:
        words[key] = meta.get(key)
        if not words[key]:
            raise CatalogError(f"{where} has no '{key}' under config: meta:. Add it.")
    for key in OPTIONAL_WORDS:
        if meta.get(key):
            words[key] = meta[key]
    definition = str(node.get("description") or "").strip()
    if not definition:
        raise CatalogError(f"{where} has no 'description'. Write what is counted and what is left out.")
    _check_choices(where, words)
    _check_segments(where, words)
    for key in ("sentence", "sentence_not_reached"):
        _check_template(where, key, words.get(key, ""))
    words["segments"] = {str(name): str(label) for name, label in words["segments"].items()}
    for key in _LISTS:
        words[key] = tuple(str(entry) for entry in words.get(key, ()))
    grain, counted = _grain_and_definition(where, definition)
    try:
        words["folding"] = catalog_folding.read(meta.get("folding") or {}, words["segments"])
    except FoldingWordsError as error:
        raise CatalogError(f"{where} {error}, under config: meta: folding:.") from None
    words |= {"grain": grain, "definition": counted}
    words["sql"] = str(node.get("compiled_code") or node.get("raw_code") or "").strip()
    return Metric(metric=node["name"], **words)


def _grain_and_definition(where: str, description: str) -> tuple[str, str]:
    """What a row is for, which is for who queries it, and what is counted, for readers."""
    begins = re.match(r"^One row per ([^:]+):\s+", description)
    if begins is None:
        raise CatalogError(
            f"{where} has a 'description' that does not begin with its grain. Write "
            "'One row per scope, month and segment: ' and then what is counted."
        )
    counted = description[begins.end() :]
    return " ".join(begins[1].split()), counted[:1].upper() + counted[1:]


def _check_choices(where: str, words: Mapping[str, Any]) -> None:
    for key, known in (("kind", KINDS), ("direction", DIRECTIONS), ("chart", CHARTS)):
        if words[key] not in known:
            raise CatalogError(f"{where} has {key} {words[key]!r}; write one of {', '.join(known)}.")
    if words["chart"] == "cohort" and words["kind"] != "proportion":
        raise CatalogError(f"{where} is a {words['kind']}, and only a proportion can have the chart cohort.")
    if not isinstance(words["caveats"], list):
        raise CatalogError(f"{where} has 'caveats' that are not a list. Write a list of sentences.")
    if words["kind"] in ("proportion", "duration") and not words.get("of"):
        raise CatalogError(
            f"{where} is a {words['kind']} and has no 'of'. "
            "Add the plural noun of what is counted below the line, for example of: newcomers."
        )


def _check_segments(where: str, words: Mapping[str, Any]) -> None:
    segments, headline, pair = words["segments"], words["headline_segment"], words.get("compare", [])
    if not isinstance(segments, dict):
        raise CatalogError(f"{where} has 'segments' that are not a mapping. Write segment: label.")
    known = ", ".join(segments)
    if headline not in segments:
        raise CatalogError(f"{where} has headline_segment {headline!r}; write one of its segments: {known}.")
    if pair and (not isinstance(pair, list) or len(pair) != 2 or not set(pair) <= set(segments)):
        raise CatalogError(f"{where} has 'compare' {pair!r}; name two of its segments: {known}.")
    for key in ("counted", "working"):
        some = words.get(key, [])
        if not isinstance(some, list) or not set(some) <= set(segments):
            raise CatalogError(f"{where} has {key!r} {some!r}; list some of its segments: {known}.")


def _check_template(where: str, key: str, template: str) -> None:
    try:
        named = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
    except ValueError as error:
        raise CatalogError(f"{where} has a '{key}' that is no template: {error}.") from None
    if unknown := named - SENTENCE_FIELDS:
        raise CatalogError(
            f"{where} names {{{sorted(unknown)[0]}}} in '{key}'; known fields are"
            f" {', '.join(sorted(SENTENCE_FIELDS))}."
        )


def _shown(node: Mapping[str, Any]) -> Shown:
    shown = _meta(node)["shown"]
    where = f"{_words_file(node)}: the table {node['name']!r}"
    for key in ("heading", "note", "columns"):
        if not shown.get(key):
            raise CatalogError(f"{where} has no '{key}' under config: meta: shown:. Add it.")
    columns, whole = (
        tuple(
            (str(name), str(one.get("label", "")), str(one.get("as", "")))
            for name, one in shown.get(key, {}).items()
        )
        for key in ("columns", "whole")
    )
    for name, label, kind in (*columns, *whole):
        if not label or kind not in WRITTEN_AS:
            raise CatalogError(
                f"{where} shows {name!r} as {kind!r} under {label!r}. "
                f"Give it a label, and as: one of {', '.join(WRITTEN_AS)}."
            )
    largest_first = str(shown.get("largest_first", ""))
    return Shown(
        str(node["name"]), str(shown["heading"]), str(shown["note"]).strip(), columns, whole, largest_first
    )


def _page(exposure: Mapping[str, Any], known: set[str]) -> Page:
    file = exposure["original_file_path"]
    meta = _meta(exposure)
    for key, value in (
        ("label", exposure.get("label")),
        ("description", exposure.get("description")),
        ("question under config: meta:", meta.get("question")),
    ):
        if not value:
            raise CatalogError(f"{file}: page {exposure['name']!r} has no '{key}'. Add it.")
    metrics = tuple(str(ref["name"]) for ref in exposure.get("refs", []))
    asks = meta.get("asks") or {}
    for name in (*metrics, *asks):
        if name not in known:
            raise CatalogError(
                f"{file}: page {exposure['name']!r} names {name!r}, which is no metric of sql/models. "
                f"Known: {', '.join(sorted(known))}."
            )
    about = str(meta.get("about", "communities"))
    if about not in ("communities", "mailing_lists"):
        raise CatalogError(
            f"{file}: page {exposure['name']!r} is about {about!r}. Write communities or mailing_lists."
        )
    return Page(
        page=exposure["name"],
        about=about,
        question=str(meta["question"]),
        title=str(exposure["label"]),
        description=str(exposure["description"]).strip(),
        position=int(meta.get("position", 100)),
        metrics=metrics,
        asks={str(name): str(ask) for name, ask in asks.items()},
    )


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    meta: Mapping[str, Any] = (node.get("config") or {}).get("meta") or node.get("meta") or {}
    return meta


def _words_file(node: Mapping[str, Any]) -> str:
    patch = node.get("patch_path")
    if patch:
        return "sql/" + str(patch).split("://", 1)[-1]
    return "sql/" + str(node["original_file_path"]).removesuffix(".sql") + ".yml"
