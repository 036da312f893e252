"""The dashboards: HTML pages that open from disk, made from the published file alone."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import jinja2
from markupsafe import Markup

from ospo_metrics import charts, event_pages, privacy, project, words
from ospo_metrics.catalog import Metric, Page, metric_from_row, page_from_row
from ospo_metrics.progress import Teller
from ospo_metrics.settings import Workspace
from ospo_metrics.warehouse import open_published, records
from ospo_metrics.words import Number

BUNDLE = "plotly-basic.min.js"
"""The smallest Plotly bundle that draws our charts: npm's plotly.js-basic-dist-min.

Its version is the one that Python's plotly speaks (`plotly.offline.get_plotlyjs_version()`); a test holds the
two in step. To update, put `plotly-basic.min.js` and `LICENSE` of that package into `dashboards/theme`.
"""

_DIRECTIONS = {
    "up": "More is better.",
    "down": "Less is better.",
    "context": "Neither; it is there to understand the others.",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a page can show: the whole program, one community, or one mailing list."""

    kind: str
    id: str
    title: str
    inside: str
    """How it is called inside a sentence."""

    @property
    def key(self) -> str:
        match self.kind:
            case "program":
                return "all"
            case "project":
                return f"list={self.id}"
            case _:
                return f"community={self.id}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """One source over all its streams and instances; `whole_until` is that of the stream furthest behind."""

    source: str
    held: int
    rejects: int
    gap: int | None
    newest: datetime | None
    until: datetime | None
    whole_until: datetime | None
    instances: int


@dataclass(frozen=True, slots=True)
class Published:
    """Everything the pages are made of, as the published file holds it."""

    as_of: datetime
    ospo_name: str
    is_simulated: bool
    version: str
    audience: str
    timezone: str
    metrics: Mapping[str, Metric]
    pages: Sequence[Page]
    scopes: Sequence[Scope]
    projects: Mapping[str, int]
    numbers: Mapping[tuple[str, str, str], Sequence[Number]]
    coverage: Sequence[Coverage]
    problems: Sequence[str]
    events: Sequence[event_pages.Event] = ()
    lists: Sequence[Scope] = ()

    def scopes_of(self, page: Page) -> Sequence[Scope]:
        """What a page can show, the first at once."""
        return self.lists if page.about == "mailing_lists" else self.scopes

    @property
    def today(self) -> date:
        """The day up to which the data tell, on the OSPO's own calendar."""
        return self.as_of.astimezone(ZoneInfo(self.timezone)).date()

    def of(self, metric: str, scope: Scope) -> Sequence[Number]:
        return self.numbers.get((metric, scope.kind, scope.id), ())


@dataclass(frozen=True, slots=True)
class Answer:
    """A sentence, split around the number that is set in bold."""

    before: str
    amount: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A cell of a table."""

    value: str
    range: str
    is_known: bool


def report(workspace: Workspace, progress: Teller) -> list[Path]:
    """Write every page into the workspace, each swapped in whole; the paths of the pages, the index first."""
    with open_published(workspace.database) as connection:
        written = write(connection, workspace.dashboards)
    progress.count("pages", len(written), len(written))
    return written


def write(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[Path]:
    """Write every page of a published file into a folder; the paths of the pages, the index first."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    return _put(render(read(connection)), folder)


def read(connection: duckdb.DuckDBPyConnection) -> Published:
    """Read what the pages need from a published file."""
    build = records(connection, "select * from meta.build")[0]
    metrics = [metric_from_row(row) for row in records(connection, "select * from metrics.metric_catalog")]
    pages = [
        page_from_row(row) for row in records(connection, "select * from meta.pages order by position, page")
    ]
    communities = records(
        connection,
        """
        select community_id, name, count(distinct project_id) as projects
        from core.dim_communities left join core.community_projects using (community_id)
        group by community_id, name, position order by position
        """,
    )
    lists = [
        Scope("project", row["project_id"], words.name(row["name"]), words.name(row["name"]))
        for row in records(
            connection,
            "select project_id, name from core.dim_projects where kind = 'mailing_list' order by project_id",
        )
    ]
    pages = [page for page in pages if lists or page.about != "mailing_lists"]
    wanted = sorted({metric for page in pages for metric in page.metrics})
    numbers: dict[tuple[str, str, str], list[Number]] = defaultdict(list)
    for row in records(
        connection,
        """
        select
            metric, scope_kind, scope_id, period_start, period_end, segment, value, lower, upper,
            numerator, denominator, sample_size, status, reason
        from metrics.metric_values
        where (scope_kind in ('program', 'community') or (scope_kind = 'project' and list_contains($lists, scope_id)))
            and list_contains($metrics, metric)
        order by period_end, period_start
        """,
        {"metrics": wanted, "lists": [scope.id for scope in lists]},
    ):
        number = Number(**row)
        numbers[number.metric, number.scope_kind, number.scope_id].append(number)
    return Published(
        as_of=build["as_of"] or build["built_at"],
        ospo_name=words.name(build["ospo_name"]),
        is_simulated=build["is_simulated"],
        version=build["version"],
        audience=build["audience"],
        timezone=build["timezone"],
        metrics={metric.metric: metric for metric in metrics},
        pages=pages,
        scopes=[
            Scope("program", "program", "All communities together", "our communities"),
            *(
                Scope("community", row["community_id"], words.name(row["name"]), words.name(row["name"]))
                for row in communities
            ),
        ],
        projects={row["community_id"]: row["projects"] for row in communities},
        numbers=numbers,
        coverage=_coverage(connection),
        problems=_problems(connection),
        events=event_pages.read(connection),
        lists=lists,
    )


def render(published: Published) -> dict[str, str]:
    """The text of every page by its file name, the index first."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_theme()),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    site = _site(published)
    pages = {
        "index.html": environment.get_template("index.html.j2").render(
            site=site, page="index", **_index(published)
        )
    }
    template = environment.get_template("page.html.j2")
    for page in published.pages:
        view, figures = _view(published, page)
        pages[f"{page.page}.html"] = template.render(
            site=site, page=page.page, view=view, scopes=published.scopes_of(page), charts=_island(figures)
        )
    if published.events:
        metric = published.metrics[event_pages.METRIC]
        pages |= event_pages.render(environment, site, metric, published.events)
    return pages


def headline(metric: Metric, numbers: Iterable[Number], today: date, segment: str = "") -> Number | None:
    """The number to speak of: the newest finished year that is known, else the newest month.

    What is withheld or refused for the newest year stays the answer, with its reason; what is too early or
    has no data yet gives way to the newest period that has a number.
    """
    mine = [
        number
        for number in numbers
        if number.segment == (segment or metric.headline_segment) and not charts.is_incomplete(number, today)
    ]
    newest_first = sorted(mine, key=lambda number: (not number.is_month, number.period_end), reverse=True)
    settled = [
        number
        for number in newest_first
        if number.status not in ("too_early", "no_data")
        and not (number.is_month and metric.kind == "proportion")  # a month's few people are no headline
    ]
    nothing = [number for number in newest_first if number.status == "no_data"]
    return next(iter(settled or nothing or newest_first), None)


def before(number: Number, numbers: Iterable[Number]) -> Number | None:
    """The period of the same length that ends where this one starts."""
    return next(
        (
            other
            for other in numbers
            if other.segment == number.segment
            and other.period_end == number.period_start
            and other.is_month == number.is_month
        ),
        None,
    )


def _view(published: Published, page: Page) -> tuple[dict[str, Any], dict[str, charts.Figure]]:
    figures: dict[str, charts.Figure] = {}
    blocks = []
    scopes = published.scopes_of(page)
    answers: dict[str, list[Answer]] = {scope.key: [] for scope in scopes}
    for name in page.metrics:
        metric = published.metrics[name]
        parts = []
        for number, scope in enumerate(scopes):
            part = _part(published, metric, scope)
            drawing = charts.figure(metric, published.of(name, scope), published.today)
            if drawing:
                part["chart"] = f"{name}-{number}"
                figures[part["chart"]] = drawing
            parts.append(part)
            answers[scope.key].append(part["lead"])
        blocks.append(
            {
                "metric": metric,
                "ask": page.asks.get(name, metric.title),
                "parts": parts,
                "direction": _DIRECTIONS[metric.direction],
                "headline_label": words.label(metric, metric.headline_segment),
            }
        )
    return {"page": page, "blocks": blocks, "answers": answers}, figures


def _part(published: Published, metric: Metric, scope: Scope) -> dict[str, Any]:
    numbers = published.of(metric.metric, scope)
    spoken_of = [
        number
        for segment in metric.segments
        if (number := headline(metric, numbers, published.today, segment)) is not None
    ]
    main = next((number for number in spoken_of if number.segment == metric.headline_segment), None)
    part: dict[str, Any] = {
        "scope": scope,
        "lead": _answer(metric, main, scope),
        "facts": [_fact(metric, number) for number in spoken_of],
        "differences": _differences(metric, spoken_of, main, numbers, published.today),
        "sentences": [words.sentence(metric, number, scope.inside) for number in spoken_of],
        "chart": "",
        "alternative": charts.alternative(metric, numbers),
        "table": _table(metric, numbers),
        "communities": [],
        "has_basis": bool(metric.of),
    }
    if scope.kind == "program" and len(published.scopes) > 2:
        part["communities"] = [
            _community_row(published, metric, other) for other in published.scopes if other != scope
        ]
    return part


def _fact(metric: Metric, number: Number) -> dict[str, Any]:
    """One segment's number as it stands in large type, with its range, its basis and its time below."""
    details = [words.bounds(metric, number, named=True), words.basis(metric, number), _when(number)]
    return {
        "label": words.label(metric, number.segment),
        "meaning": charts.meaning(number.segment),
        "is_known": number.has_value,
        "value": words.amount(metric, number) if number.has_value else words.short(metric, number),
        "details": [text for text in details if text] if number.is_ok else [words.reason(number)],
    }


def _differences(
    metric: Metric,
    spoken_of: Sequence[Number],
    main: Number | None,
    numbers: Sequence[Number],
    today: date,
) -> list[str]:
    change = words.change(metric, main, before(main, numbers)) if main else ""
    texts = [f"{words.label(metric, metric.headline_segment)}: {words.lower_first(change)}"] if change else []
    by_segment = {number.segment: number for number in spoken_of}
    pair = [by_segment[segment] for segment in metric.compare if segment in by_segment]
    if len(pair) == 2 and pair[0].period_end == pair[1].period_end:
        texts += [text] if (text := words.compare(metric, *pair)) else []
    if main and (later := _later(main, numbers, today)):
        texts.append(words.pending(later))
    return texts


def _later(main: Number, numbers: Sequence[Number], today: date) -> Number | None:
    """The newest finished period of the same length, where it had to give way to an older one."""
    newest = max(
        (
            number
            for number in numbers
            if number.segment == main.segment
            and number.is_month == main.is_month
            and not charts.is_incomplete(number, today)
        ),
        key=lambda number: number.period_end,
    )
    return newest if newest.period_end > main.period_end else None


def _answer(metric: Metric, number: Number | None, scope: Scope) -> Answer:
    if number is None:
        return Answer(words.about(metric.title, "nothing is known yet."), "", "")
    text = words.sentence(metric, number, scope.inside)
    if not number.has_value:
        return Answer(text if number.is_ok else words.about(metric.title, text), "", "")
    amount = words.amount(metric, number)
    shown = amount if amount in text else words.upper_first(amount)
    if shown not in text:
        return Answer(text, "", "")
    start, end = text.split(shown, 1)
    return Answer(start, shown, end)


def _community_row(published: Published, metric: Metric, scope: Scope) -> dict[str, Any]:
    number = headline(metric, published.of(metric.metric, scope), published.today)
    row: dict[str, Any] = {
        "scope": scope,
        "entry": _entry(metric, number),
        "when": "",
        "basis": "",
        "reason": "",
    }
    if number is None:
        return row | {"reason": "Nothing is known yet."}
    if not number.is_ok:
        return row | {"reason": words.sentence(metric, number, scope.inside)}
    return row | {"when": _when(number), "basis": words.basis(metric, number)}


def _entry(metric: Metric, number: Number | None) -> Entry:
    if number is None:
        return Entry("no data", "", is_known=False)
    return Entry(words.short(metric, number), words.bounds(metric, number), is_known=number.is_ok)


def _table(metric: Metric, numbers: Sequence[Number]) -> dict[str, Any]:
    shown = charts.series(metric, numbers)
    is_monthly = all(number.is_month for row in shown.values() for number in row)
    by_period: dict[tuple[date, date], dict[str, Number]] = defaultdict(dict)
    for segment, row in shown.items():
        for number in row:
            by_period[number.period_start, number.period_end][segment] = number
    return {
        "step": "month" if is_monthly else "period of 12 months",
        "heading": "Month" if is_monthly else "12 months to",
        "labels": [words.label(metric, segment) for segment in shown],
        "rows": [
            {
                "period": words.month(end - timedelta(days=1)),
                "cells": [_entry(metric, found.get(segment)) for segment in shown],
            }
            for (_, end), found in sorted(by_period.items(), reverse=True)
        ],
    }


def _index(published: Published) -> dict[str, Any]:
    program = published.scopes[0]
    names = list(dict.fromkeys(name for page in published.pages for name in page.metrics))
    told = [
        (published.metrics[name], number)
        for name in names
        if (number := _this_month(published.metrics[name], published.of(name, program), published.today))
    ]
    newest = max((number.period_end for _, number in told if number.is_month), default=None)

    def said(metric: Metric, number: Number) -> dict[str, Any]:
        numbers = published.of(metric.metric, program)
        return {
            "answer": _answer(metric, number, program),
            "change": words.change(metric, number, before(number, numbers)),
        }

    month = [said(*pair) for pair in told if pair[1].is_month and pair[1].period_end == newest]
    longer = [said(*pair) for pair in told if not (pair[1].is_month and pair[1].period_end == newest)]
    firsts = [
        published.metrics[page.metrics[0]]
        for page in published.pages
        if page.metrics and page.about == "communities"
    ]
    heading = (
        f"What happened in {words.month(newest - timedelta(days=1))}" if newest else "What we know so far"
    )
    return {
        "heading": heading,
        "held_back": _held_back(published, program, [metric for metric, _ in told], newest),
        "said_now": [
            {"title": "", "answers": month},
            {"title": "Over a longer time" if month else "", "answers": longer},
        ],
        "cards": [
            {
                "page": page,
                "answers": [
                    _answer(
                        published.metrics[name],
                        headline(published.metrics[name], published.of(name, scope), published.today),
                        scope,
                    )
                    for scope in published.scopes_of(page)[:1]
                    for name in page.metrics[:2]
                ],
            }
            for page in published.pages
        ],
        "communities": _communities(published, firsts),
        "columns": [
            {"title": metric.title, "note": words.lower_first(words.label(metric, metric.headline_segment))}
            for metric in firsts
        ],
        "sources": [_source_row(published, row) for row in published.coverage],
        "problems": published.problems,
    }


def _held_back(published: Published, scope: Scope, metrics: Iterable[Metric], newest: date | None) -> str:
    """Why there is nothing newer to tell, although a later month is over: which source is behind."""
    waiting = (
        number
        for metric in metrics
        for number in published.of(metric.metric, scope)
        if number.is_month
        and number.period_start == newest
        and number.period_end <= published.today
        and number.status == "too_early"
    )
    return next((words.reason(number) for number in waiting), "")


def _this_month(metric: Metric, numbers: Sequence[Number], today: date) -> Number | None:
    """The newest finished month that is known; what is no matter of months answers with its headline."""
    months = [
        number
        for number in numbers
        if number.segment == metric.headline_segment
        and number.is_month
        and metric.kind in ("count", "duration")
        and number.status not in ("too_early", "no_data")
        and not charts.is_incomplete(number, today)
    ]
    return max(months, key=lambda number: number.period_end, default=headline(metric, numbers, today))


def _communities(published: Published, metrics: Sequence[Metric]) -> list[dict[str, Any]]:
    first = published.pages[0].page if published.pages else "index"
    return [
        {
            "name": scope.title,
            "href": f"{first}.html#{scope.key}",
            "projects": words.count(published.projects[scope.id]),
            "cells": [
                _entry(metric, headline(metric, published.of(metric.metric, scope), published.today))
                for metric in metrics
            ],
        }
        for scope in published.scopes
        if scope.kind == "community"
    ]


def _coverage(connection: duckdb.DuckDBPyConnection) -> list[Coverage]:
    found = records(
        connection,
        """
        with streams as (
            select
                source,
                sum(rows_held)::bigint as held,
                sum(sources.rejects)::bigint as rejects,
                sum(gap)::bigint as gap,
                max(newest_item_at) as newest,
                max(observed_until) as until,
                count(*) as instances
            from meta.sources as sources
            left join meta.reconciliation as claims using (source, instance, stream)
            group by source, stream
        )

        select
            source,
            sum(held)::bigint as held,
            sum(rejects)::bigint as rejects,
            sum(gap)::bigint as gap,
            max(newest) as newest,
            max(until) as until,
            min(until) filter (held > 0) as whole_until,
            max(instances) as instances
        from streams
        group by source
        order by source
        """,
    )
    return [Coverage(**row) for row in found]


def _problems(connection: duckdb.DuckDBPyConnection) -> list[str]:
    failed = records(
        connection,
        """
        select step, detail
        from meta.runs
        where run_id = (select run_id from meta.runs order by started_at desc, step desc limit 1)
            and status = 'failed'
        order by started_at, step
        """,
    )
    unread = records(
        connection,
        """
        select source, name, any_value(detail) as detail
        from meta.sources
        group by source, name
        having count(last_success_at) = 0
        order by source, name
        limit 20
        """,
    )
    told = {row["step"].removeprefix("collect ") for row in failed}
    return [words.problem(f"the step ‘{row['step']}’ failed", row["detail"]) for row in failed] + [
        words.problem(
            f"{words.lower_first(words.source_name(row['source']))} ‘{words.name(row['name'])}’ "
            "has not been read yet",
            row["detail"],
        )
        for row in unread
        if row["source"] not in told
    ]


def _source_row(published: Published, row: Coverage) -> dict[str, str]:
    def on(instant: datetime | None) -> str:
        return words.day(instant.astimezone(ZoneInfo(published.timezone)).date()) if instant else "–"

    return {
        "source": words.source_name(row.source),
        "places": f"from {words.places(row.instances)}",
        "held": words.count(row.held),
        "newest": on(row.newest),
        "until": on(row.whole_until),
        "rejects": words.count(row.rejects),
        "gap": words.count(row.gap),
    }


def _site(published: Published) -> dict[str, Any]:
    zone = ZoneInfo(published.timezone)
    bundle = (_theme() / BUNDLE).read_text(encoding="utf-8")
    return {
        "ospo_name": published.ospo_name,
        "is_simulated": published.is_simulated,
        "version": published.version,
        "as_of": words.instant(published.as_of, published.timezone),
        "readers": "For readers inside the organisation."
        if published.audience == "internal"
        else "Public edition, for any reader: nobody is named, and small groups are folded.",
        "pages": published.pages,
        "has_events": bool(published.events),
        "plotly": _plotly_name(bundle),
        "plotly_styles": re.findall(r'getElementById\("([0-9a-f]{64})"\)', bundle),
        "coverage": [
            words.coverage(
                row.source,
                held=row.held,
                rejects=row.rejects,
                missing=row.gap or 0,
                until=row.until.astimezone(zone).date() if row.until else None,
            )
            for row in published.coverage
        ],
    }


def _island(figures: Mapping[str, charts.Figure]) -> Markup:
    """Data for the page's script, as JSON that cannot end the element it stands in."""
    text = json.dumps(
        {"config": charts.CONFIG, "dark": charts.DARK, "figures": figures},
        ensure_ascii=False,
        separators=(",", ":"),
        allow_nan=False,
    )
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704


def _put(pages: Mapping[str, str], folder: Path) -> list[Path]:
    """Write beside the folder, then move file after file into place: no reader ever opens half a page.

    Nothing moves before the privacy gate has read all of it. What pages lean on comes first and the index
    last; pages that are no longer made are taken away.
    """
    bundle = _theme() / BUNDLE
    assets = {
        _plotly_name(bundle.read_text(encoding="utf-8")): bundle,
        "style.css": _theme() / "style.css",
        "script.js": _theme() / "script.js",
        "plotly-LICENSE.txt": _theme() / "plotly-LICENSE.txt",
    }
    (folder / "assets").mkdir(parents=True, exist_ok=True)
    for left_by_a_kill in folder.parent.glob(".dashboards-*"):
        shutil.rmtree(left_by_a_kill, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".dashboards-", dir=folder.parent) as name:
        fresh = Path(name)
        for target, source in assets.items():
            shutil.copyfile(source, fresh / target)
        for target, text in pages.items():
            (fresh / target).write_text(text, encoding="utf-8")
        privacy.check_files(fresh)
        for target in assets:
            (fresh / target).replace(folder / "assets" / target)
        for target in reversed(list(pages)):
            (fresh / target).replace(folder / target)
    for stale in [*folder.glob("*.html"), *(folder / "assets").glob("plotly-*.min.js")]:
        if stale.name not in pages and stale.name not in assets:
            stale.unlink()
    return [folder / target for target in pages]


def _plotly_name(bundle: str) -> str:
    version = re.search(r"plotly\.js \(basic - minified\) v([\w.]+)", bundle[:400])
    if version is None:
        raise ValueError(f"{BUNDLE} does not say its version; put the file back as npm has it")
    return f"plotly-{version[1]}.min.js"


def _when(number: Number) -> str:
    when = words.in_period(number.period_start, number.period_end)
    return words.upper_first(when.removeprefix("in ").removeprefix("the "))


def _theme() -> Path:
    return project.root() / "dashboards" / "theme"
