"""The dashboards: HTML pages that open from disk, made from the published file alone.

A page holds the whole program as plain HTML, which needs no script. What it shows of a community or a project lies in
a file of its own under `assets/views`, which the page's script loads when somebody chooses it: so no page grows with
the number of communities. Without scripts each community has a plain page instead.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import jinja2
from markupsafe import Markup

from ospo_metrics import (
    chart_style,
    event_pages,
    goals_page,
    locales,
    marks,
    methods_page,
    privacy,
    project,
    quarter,
    readings,
    site_data,
    view_files,
    views,
    words,
)
from ospo_metrics.catalog import Metric, Page
from ospo_metrics.progress import Teller
from ospo_metrics.settings import Workspace
from ospo_metrics.site_data import Coverage, Published, Scope, read
from ospo_metrics.view_files import as_json, view_file
from ospo_metrics.views import Drawing, headline
from ospo_metrics.warehouse import open_published

BUNDLE = "plotly-basic.min.js"
"""The smallest Plotly bundle that draws our charts: npm's plotly.js-basic-dist-min, 1.2 MB, the same for all pages.

Its version is the one that Python's plotly speaks (`plotly.offline.get_plotlyjs_version()`); a test holds the
two in step. To update, put `plotly-basic.min.js` and `LICENSE` of that package into `dashboards/theme`.
"""

_DIRECTIONS = {
    "up": "More is better.",
    "down": "Less is better.",
    "context": "Neither; it is there to understand the others.",
}
_MOST_ANSWERS = 5
_MOST_OF_A_PAGE = 3
_MOST_COLUMNS = 4
_MOST_EVENTS = 12


def report(workspace: Workspace, progress: Teller) -> list[Path]:
    """Write every page into the workspace, each swapped in whole; the paths of the pages, the index first."""
    with open_published(workspace.database) as connection:
        written = write(connection, workspace.dashboards, digest="../digest.html")
    progress.count("pages", len(written), len(written))
    return written


def write(connection: duckdb.DuckDBPyConnection, folder: Path, digest: str = "") -> list[Path]:
    """Write every page of a published file into a folder; the paths of the pages, the index first.

    `digest` is the way from there to the digest of the week, where there is one.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locales.used(readings.build(connection).locale):
        return _put(render(read(connection), digest), folder)


def render(published: Published, digest: str = "") -> Iterator[tuple[str, str]]:
    """Every file of the dashboards with its text, by its path in their folder, the index first."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_theme()),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    site = _site(published)
    own_pages = _community_pages(published)
    yield (
        "index.html",
        environment.get_template("index.html.j2").render(
            site=site, page="index", **_index(published, own_pages, digest)
        ),
    )
    if published.goals is not None:
        yield "goals.html", goals_page.render(environment, site, published, _homes(published))
    for page in published.pages:
        yield from _page(environment, site, published, page, own_pages)
    template = environment.get_template("community.html.j2")
    for scope in published.scopes:
        if scope.kind == "community":
            yield (
                f"{own_pages[scope.id]}.html",
                template.render(site=site, page=own_pages[scope.id], **_community(published, scope)),
            )
    yield from event_pages.render(environment, site, published)
    yield (
        "methods.html",
        methods_page.render(
            environment,
            site,
            published.metrics,
            published.methods,
            methods_page.Around(
                _homes(published),
                [_source_row(published, row) for row in published.coverage],
                published.problems,
            ),
        ),
    )


def _page(
    environment: jinja2.Environment,
    site: dict[str, Any],
    published: Published,
    page: Page,
    own_pages: Mapping[str, str],
) -> Iterator[tuple[str, str]]:
    """The page itself, and a file for each of its views."""
    scopes = published.scopes_of(page)
    names = {scope.key: f"{page.page}-{index}" for index, scope in enumerate(scopes)}
    projects = _projects_of(published, page, scopes, len(scopes))
    metrics = [published.metrics[name] for name in page.metrics]
    asks = {metric.metric: page.asks.get(metric.metric, metric.title) for metric in metrics}
    part = environment.get_template("part.html.j2")
    said = environment.get_template("answers.html.j2")
    first: dict[str, Any] = {}
    for scope in [*scopes, *(scope for _, scope in projects.values())]:
        is_first = scope is scopes[0]
        view: dict[str, Any] = {"key": scope.key, "title": scope.title, "figures": {}}
        name = names.get(scope.key) or projects[scope.key][0]
        happened = published.marks.get(scope.key, ())
        parts = {}
        answers = []
        for metric in metrics:
            others = _others(published, page, metric, scope, projects)
            shown, drawings = views.part(published, metric, scope, others, has_marks=bool(happened))
            view["figures"] |= _figures(metric, drawings)
            parts[metric.metric] = _tight(
                part.render(
                    part=shown,
                    metric=metric,
                    site=site,
                    is_first=is_first,
                    marked=marks.legend(happened),
                    pages=own_pages,
                )
            )
            answers.append(
                (metric, views.answer(metric, views.spoken(published, metric, scope), page.question))
            )
        if happened:
            view |= {"marks": marks.traces(happened), "signs": marks.legend(happened)}
        view_answers = _tight(
            said.render(scope=scope, is_first=is_first, answers=answers, asks=asks, most=_MOST_ANSWERS)
        )
        if is_first:
            first = {"answers": view_answers, "parts": parts}
        else:
            view |= {"answers": view_answers, "parts": parts}
        if scope.kind == "community":
            view["projects"] = [
                [project.key, project.title, projects[project.key][0]]
                for project in published.projects.get(scope.id, ())
                if project.key in projects
            ]
        yield view_file(name, view)
    yield (
        f"{page.page}.html",
        environment.get_template("page.html.j2").render(
            site=site,
            page=page.page,
            shown=page,
            blocks=[
                {
                    "metric": metric,
                    "ask": asks[metric.metric],
                    "html": first["parts"][metric.metric] if first else "",
                    "direction": _DIRECTIONS[metric.direction],
                }
                for metric in metrics
            ],
            answers=first.get("answers", ""),
            scopes=[(scope, names[scope.key]) for scope in scopes],
            own_pages=own_pages,
            has_projects=bool(projects),
            has_charts=True,
        ),
    )


def _projects_of(
    published: Published, page: Page, scopes: Sequence[Scope], first: int
) -> dict[str, tuple[str, Scope]]:
    """The projects about which a page has numbers, with the name of each one's view."""
    if page.about == "mailing_lists":
        return {}
    found: dict[str, tuple[str, Scope]] = {}
    for scope in scopes:
        for each in published.projects.get(scope.id, ()):
            if each.key not in found and any(published.of(metric, each) for metric in page.metrics):
                found[each.key] = (f"{page.page}-{first + len(found)}", each)
    return found


def _others(
    published: Published, page: Page, metric: Metric, scope: Scope, projects: Mapping[str, object]
) -> list[tuple[str, str, Sequence[Scope]]]:
    """The scopes within a scope, to compare."""
    if page.about == "mailing_lists":
        return []
    if scope.kind == "program" and len(published.scopes) > 2:
        return [("Community by community", "Community", published.scopes[1:])]
    if scope.kind == "community":
        inside = [each for each in published.projects.get(scope.id, ()) if each.key in projects]
        return [("Project by project", "Project", inside)] if len(inside) > 1 else []
    return []


def _figures(metric: Metric, drawings: Iterable[Drawing]) -> dict[str, chart_style.Figure]:
    return {f"{metric.metric}-{drawing.id}": drawing.figure for drawing in drawings}


def _tight(html: str) -> Markup:
    """HTML of a template without the spaces between its lines."""
    return Markup(re.sub(r"\s*\n\s*", "\n", html).strip())  # noqa: S704


def _community_pages(published: Published) -> dict[str, str]:
    """The page of each community, without its ending, by the community's id."""
    found: dict[str, str] = {}
    for scope in published.scopes:
        if scope.kind == "community":
            found[scope.id] = site_data.file_name("community", scope.id, found.values())
    return found


def _community(published: Published, scope: Scope) -> dict[str, Any]:
    """The front door of one community: what every page says of it, its projects and its events."""
    sections = []
    for page in published.pages:
        if page.about != "communities":
            continue
        rows, answers = [], []
        for metric in (published.metrics[name] for name in page.metrics):
            said = views.spoken(published, metric, scope)
            if said.main is None:
                continue
            answers.append((metric, views.answer(metric, said, page.question)))
            rows += [
                (metric, said.occasion, views.fact(published, metric, number))
                for number in said.numbers[: views.MOST_FACTS]
            ]
        sections.append({"page": page, "answers": answers, "rows": rows})
    mine = [one for one in published.occasions if scope.id in one.communities]
    return {
        "scope": scope,
        "sections": [section for section in sections if section["answers"]],
        "most": _MOST_OF_A_PAGE,
        "silent": [section["page"] for section in sections if not section["answers"]],
        "projects": published.projects.get(scope.id, ()),
        "occasions": mine[:_MOST_EVENTS],
        "more": max(0, len(mine) - _MOST_EVENTS),
    }


def _index(published: Published, own_pages: Mapping[str, str], digest: str) -> dict[str, Any]:
    firsts = [
        published.metrics[page.metrics[0]]
        for page in published.pages
        if page.metrics and page.about == "communities" and _is_over_time(published, page.metrics[0])
    ]
    firsts = [metric for metric in firsts if metric.direction != "context"][:_MOST_COLUMNS]
    said = quarter.sentences(published)
    return {
        "heading": quarter.heading(published, len(said)) if said else "What we know so far",
        "sentences": said,
        "held_back": quarter.held_back(published),
        "digest": digest,
        "cards": [
            {
                "page": page,
                "answers": [
                    views.answer(metric, views.spoken(published, metric, scope), page.question)
                    for scope in published.scopes_of(page)[:1]
                    for metric in (published.metrics[name] for name in page.metrics[:1])
                ],
            }
            for page in published.pages
        ],
        "communities": [
            {
                "name": scope.title,
                "href": f"{own_pages[scope.id]}.html",
                "projects": words.count(len(published.projects.get(scope.id, ()))),
                "cells": [
                    views.entry(metric, headline(metric, published.of(metric.metric, scope), published.today))
                    for metric in firsts
                ],
            }
            for scope in published.scopes
            if scope.kind == "community"
        ],
        "columns": [
            {"title": metric.title, "note": words.lower_first(words.label(metric, metric.headline_segment))}
            for metric in firsts
        ],
        "sources": [_source_row(published, row) for row in published.coverage],
        "problems": published.problems,
    }


def _homes(published: Published) -> dict[str, str]:
    """The first page on which each metric is shown."""
    found: dict[str, str] = {}
    for page in published.pages:
        for metric in page.metrics:
            found.setdefault(metric, page.page)
    return found


def _is_over_time(published: Published, metric: str) -> bool:
    return any(published.of(metric, scope) for scope in published.scopes)


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
    as_of = words.instant(published.as_of, published.timezone)
    return {
        "ospo_name": published.ospo_name,
        "is_simulated": published.is_simulated,
        "version": published.version,
        "as_of": as_of,
        "readers": "For readers inside the organisation."
        if published.audience == "internal"
        else "Public edition, for any reader: nobody is named, and small groups are folded.",
        "pages": published.pages,
        "has_goals": published.goals is not None,
        "occasions": event_pages.title(published.occasions),
        "plotly": _plotly_name(bundle),
        "plotly_styles": re.findall(r'getElementById\("([0-9a-f]{64})"\)', bundle),
        "script": _island(
            {
                "config": chart_style.CONFIG,
                "dark": chart_style.DARK,
                "layout": chart_style.layout(),
                "xaxis": chart_style.X_AXIS,
                "yaxis": chart_style.Y_AXIS,
                "today": published.today.isoformat(),
                "source": f"{published.ospo_name}, as of {words.day(published.today)}"
                + (". Simulated data" if published.is_simulated else ""),
            }
        ),
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


def _island(value: Mapping[str, Any]) -> Markup:
    """Data for the page's script, as JSON that cannot end the element it stands in."""
    return Markup(as_json(value).replace("<", "\\u003c"))  # noqa: S704


def _put(files: Iterable[tuple[str, str]], folder: Path) -> list[Path]:
    """Write beside the folder, then move file after file into place: no reader ever opens half a page.

    Nothing moves before the privacy gate has read all of it. What pages lean on comes first and the index
    last; pages that are no longer made are taken away.
    """
    bundle = _theme() / BUNDLE
    assets = {
        f"assets/{_plotly_name(bundle.read_text(encoding='utf-8'))}": bundle,
        "assets/style.css": _theme() / "style.css",
        "assets/script.js": _theme() / "script.js",
        "assets/plotly-LICENSE.txt": _theme() / "plotly-LICENSE.txt",
    }
    (folder / view_files.FOLDER).mkdir(parents=True, exist_ok=True)
    for left_by_a_kill in folder.parent.glob(".dashboards-*"):
        shutil.rmtree(left_by_a_kill, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".dashboards-", dir=folder.parent) as name:
        fresh = Path(name)
        (fresh / view_files.FOLDER).mkdir(parents=True)
        for target, source in assets.items():
            shutil.copyfile(source, fresh / target)
        written = []
        for target, text in files:
            (fresh / target).write_text(text, encoding="utf-8")
            written.append(target)
        privacy.check_files(fresh)
        pages = [target for target in written if target.endswith(".html")]
        views_of_pages = [target for target in written if not target.endswith(".html")]
        for target in [*assets, *views_of_pages, *reversed(pages)]:
            (fresh / target).replace(folder / target)
    known = {folder / target for target in (*assets, *written)}
    for stale in [
        *folder.glob("*.html"),
        *(folder / "assets").glob("plotly-*.min.js"),
        *(folder / view_files.FOLDER).glob("*.js"),
    ]:
        if stale not in known:
            stale.unlink()
    return [folder / target for target in pages]


def _plotly_name(bundle: str) -> str:
    version = re.search(r"plotly\.js \(basic - minified\) v([\w.]+)", bundle[:400])
    if version is None:
        raise ValueError(f"{BUNDLE} does not say its version; put the file back as npm has it")
    return f"plotly-{version[1]}.min.js"


def _theme() -> Path:
    return project.root() / "dashboards" / "theme"
