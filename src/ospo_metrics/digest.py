"""What a week's mail tells: what changed, how sure that is, and what to do.

Nothing in it is chosen by taste. First come the changes that hold when all comparisons are looked at together (see
`changes`), then goals whose month has just been told, events and campaigns of which something could be told for the
first time in the last week, and what is broken or missing.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import jinja2

from ospo_metrics import changes, goals, locales, privacy, project, readings, words
from ospo_metrics.catalog import Metric
from ospo_metrics.changes import OLDEST_CHANGE_DAYS, Change
from ospo_metrics.readings import PROGRAM, About, Build
from ospo_metrics.settings import Workspace
from ospo_metrics.warehouse import open_published, records
from ospo_metrics.words import Number

MOST_ITEMS = 5
JUST_DAYS, SOON_DAYS, GOAL_SOON_DAYS, BEHIND_DAYS = 7, 14, 31, 7

OUTCOMES, LIFT = "event_outcomes", "campaign_lift"
_LAST_DAYS = {"day_30": 30, "day_90": 90, "day_180": 180, "year": 395}
"""The last day of each window of `event_outcomes`, counted from the first day of the event."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to know: what it is in a word or two, sentences, what a rule says to do, the page that shows more."""

    lead: str
    text: str
    do: str = ""
    page: str = ""
    page_title: str = ""


@dataclass(frozen=True, slots=True)
class Digest:
    """All that is told, as plain text; whoever writes it into Markdown or HTML escapes it."""

    title: str
    notice: str
    as_of: str
    items: Sequence[Item]
    sure: Sequence[str]
    coming: Sequence[str]
    complete: Sequence[str]

    @property
    def to_do(self) -> list[tuple[str, str]]:
        """What to do, with the numbers of the items that it follows from; the same is said once."""
        after: dict[str, list[str]] = {}
        for number, item in enumerate(self.items, 1):
            if item.do:
                after.setdefault(item.do, []).append(str(number))
        return [(words.listed(numbers), do) for do, numbers in after.items()]


def write(workspace: Workspace) -> list[Path]:
    """Write `digest.md` and `digest.html` beside the dashboards; the privacy gate reads both before they are there."""
    told = make(workspace)
    texts = {"digest.md": as_markdown(told), "digest.html": as_html(told)}
    with tempfile.TemporaryDirectory(prefix=".digest-", dir=workspace.published) as name:
        for file, text in texts.items():
            (Path(name) / file).write_text(text, encoding="utf-8")
        privacy.check_files(Path(name))
        for file in texts:
            (Path(name) / file).replace(workspace.published / file)
    return [workspace.published / file for file in texts]


def make(workspace: Workspace) -> Digest:
    """Read the published file and choose what is told; pages are linked where they are there."""
    with open_published(workspace.database) as connection, locales.used(readings.build(connection).locale):
        return read(connection, {path.name for path in workspace.dashboards.glob("*.html")})


def read(connection: duckdb.DuckDBPyConnection, pages: set[str]) -> Digest:
    """Choose what is told of a published file; `pages` are the files that may be linked."""
    build = readings.build(connection)
    metrics = readings.metrics(connection)
    found = changes.read(connection)
    abouts = [PROGRAM, *readings.communities(connection)]
    places = _places(connection, pages)
    happened = _happenings(connection, pages)
    items = [
        *(_changed(change, found.sure, abouts, places) for change in found.told),
        *(_aimed(answer, places) for answer in goals.answers(connection) if _is_due(answer, build.today)),
        *_measurable(connection, metrics, happened, build.today),
        *_missing(connection, build),
    ]
    nothing = [] if found.sure else [Item("", "Nothing changed for sure.")]
    shown = [*nothing, *items][:MOST_ITEMS]
    left = len(nothing) + len(items) - len(shown) + len(found.sure) - len(found.told)
    return Digest(
        title=f"{build.ospo_name}: outreach up to {words.day(build.today)}",
        notice="Simulated data: nothing here happened, and nobody in it exists."
        if build.is_simulated
        else "",
        as_of=_as_of(build),
        items=shown,
        sure=_how_sure(found, left),
        coming=_coming(connection, happened, build.today),
        complete=[*_coverage(connection, build), *(item.text for item in _missing(connection, build))],
    )


def _as_of(build: Build) -> str:
    readers = (
        "For readers inside the organisation."
        if build.audience == "internal"
        else "For any reader: nobody is named."
    )
    return f"As of {words.instant(build.as_of, build.timezone)}. {readers}"


def _changed(
    change: Change, sure: Sequence[Change], abouts: Sequence[About], places: Mapping[str, tuple[str, str]]
) -> Item:
    metric, now = change.metric, change.now
    parts = [words.sentence(metric, now, change.about.name), words.change(metric, now, change.before)]
    if (basis := words.basis(metric, now)) and basis not in parts[0]:
        parts.append(f"It rests on {basis}.")
    page, title = places.get(metric.metric, ("", ""))
    lead = "better" if change.is_better else "worse"
    return Item(
        lead,
        " ".join(parts),
        _after(change, sure, abouts, title),
        page + _part(change.about) if page else "",
        title,
    )


def _after(change: Change, sure: Sequence[Change], abouts: Sequence[About], page: str) -> str:
    """What to do after a change: a rule for each way that it can go."""
    metric, now = change.metric, change.now
    if change.is_better:
        return "You may quote it with its range; it does not say what was the cause."
    if metric.kind == "duration" and now.numerator is not None and now.denominator:
        waiting = now.denominator - now.numerator
        return (
            f"Look at those without an answer: {words.count(waiting)} of {words.count(now.denominator)} {metric.of} "
            "were still waiting "
            "at the end of what we have seen."
        )
    alike = [
        other.about.name
        for about in abouts
        for other in sure
        if change.about == PROGRAM
        and other.about == about != PROGRAM
        and other.metric == metric
        and not other.is_better
        and other.now.is_month == now.is_month
    ]
    if alike:
        return f"Look at {words.listed(alike)} first: there it is worse for sure too."
    on_page = f" on the page ‘{page}’" if page else ""
    return f"Compare its months{on_page} with what you did in that time, before you explain it."


def _is_due(answer: goals.Answer, today: date) -> bool:
    """Goals due within a month, those whose month is the newest that is known, and those that lack something."""
    match answer.verdict:
        case "hit" | "missed":
            return answer.is_fresh
        case "too early":
            due_on = answer.goal.due_on or date.max
            oldest = today - timedelta(days=OLDEST_CHANGE_DAYS)
            return oldest <= due_on <= today + timedelta(days=GOAL_SOON_DAYS)
        case _:
            return answer.is_fresh or not answer.target


def _aimed(answer: goals.Answer, places: Mapping[str, tuple[str, str]]) -> Item:
    page, title = places.get(answer.goal.metric, ("", ""))
    return Item(
        "goal",
        f"‘{answer.goal.goal}’. {answer.sentence}",
        _after_goal(answer),
        page + _part(answer.about) if page else "",
        title,
    )


def _after_goal(answer: goals.Answer) -> str:
    match answer.verdict, answer.is_sure:
        case "hit", False:
            return "Say that it was hit with its range only: it may have been chance."
        case "hit", _:
            return "Set the next target in the sheet of goals."
        case "missed", False:
            return "Do not call it a failure yet: the range holds the target."
        case "missed", _:
            return "Decide what becomes of it: another target, another way, or none. Write it into the sheet of goals."
    return ""


def _part(about: About) -> str:
    """The part of a page that shows one community."""
    return "" if about == PROGRAM else f"#community={quote(about.id)}"


@dataclass(frozen=True, slots=True)
class _Happening:
    """An event or a campaign: what it is called, its page, and the goal that it was for."""

    name: str
    page: str
    goal: str
    sheet: str


def _happenings(connection: duckdb.DuckDBPyConnection, pages: set[str]) -> dict[tuple[str, str], _Happening]:
    found = {}
    aims = {}
    if readings.has(connection, "core", "dim_goals"):
        aims = {row["goal_id"]: row["goal"] for row in records(connection, "select * from core.dim_goals")}
    for kind, table in (("event", "dim_events"), ("campaign", "dim_campaigns")):
        if readings.has(connection, "core", table):
            for row in records(connection, f"select {kind}_id as id, name, goal_id from core.{table}"):  # noqa: S608
                page = f"{kind}-{row['id']}.html"
                link = quote(page) if page in pages else ""
                aim = aims.get(row["goal_id"])
                found[kind, row["id"]] = _Happening(
                    words.name(row["name"]), link, words.name(aim) if aim else "", f"{kind}s"
                )
    return found


def told_from(number: Number) -> date:
    """The day to which data have to reach to tell: after the window of an event's step, else after the period."""
    if number.metric == OUTCOMES and number.segment in _LAST_DAYS:
        return number.period_start + timedelta(days=_LAST_DAYS[number.segment] + 1)
    return number.period_end


def _measurable(
    connection: duckdb.DuckDBPyConnection,
    metrics: Mapping[str, Metric],
    happened: Mapping[tuple[str, str], _Happening],
    today: date,
) -> Iterator[Item]:
    """Events and campaigns of which something can be told since less than a week; of each the longest window."""
    newest: dict[tuple[str, str], Number] = {}
    for number in _windows(connection):
        if today - timedelta(days=JUST_DAYS) < told_from(number) <= today and number.status != "too_early":
            newest[number.scope_kind, number.scope_id] = number
    for key, number in newest.items():
        if number.metric not in metrics or key not in happened:
            continue
        one = happened[key]
        told = words.sentence(metrics[number.metric], number, one.name)
        do = (
            f"Hold it against its goal, ‘{one.goal}’."
            if one.goal
            else f"Write a goal into the sheet of {one.sheet}, so that the next one can be held against it."
        )
        step = words.label(metrics[number.metric], number.segment)
        which = "" if step.lower() in told.lower() else f", {words.lower_first(step)}"
        text = f"{one.name} ({words.day(number.period_start)}){which}. {told}"
        yield Item("can be told now", text, do, one.page, one.name if one.page else "")


def _coming(
    connection: duckdb.DuckDBPyConnection, happened: Mapping[tuple[str, str], _Happening], today: date
) -> list[str]:
    """On which day of the next two weeks what can be told of an event or a campaign."""
    metrics = readings.metrics(connection)
    soon = [
        number
        for number in _windows(connection)
        if number.status == "too_early"
        and today < told_from(number) <= today + timedelta(days=SOON_DAYS)
        and (number.scope_kind, number.scope_id) in happened
        and number.metric in metrics
    ]
    return [
        f"On {words.day(told_from(number))} look again at {happened[number.scope_kind, number.scope_id].name} "
        f"({words.day(number.period_start)}): ‘{words.label(metrics[number.metric], number.segment)}’ can be told then."
        for number in soon[:MOST_ITEMS]
    ]


def _windows(connection: duckdb.DuckDBPyConnection) -> list[Number]:
    """What is told of events and campaigns, those whose time is over last."""
    numbers = readings.numbers(connection, ["event", "campaign"])
    found = [n for (metric, *_), rows in numbers.items() if metric in (OUTCOMES, LIFT) for n in rows]
    return sorted(found, key=lambda n: (told_from(n), n.scope_kind, n.scope_id, n.metric, n.segment))


def _missing(connection: duckdb.DuckDBPyConnection, build: Build) -> list[Item]:
    """Steps that failed in the last run, places that were never read, and sources that are behind the others."""
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
    found = [words.problem(f"The step ‘{words.name(row['step'])}’ failed", row["detail"]) for row in failed]
    unread = records(
        connection,
        "select source, name from meta.sources group by source, name having count(last_success_at) = 0 order by all",
    )
    if unread:
        found.append(f"Not read yet: {_some([_place(row) for row in unread])}.")
    behind = records(
        connection,
        """
        select source, name, max(observed_until) as until
        from meta.sources
        where rows_held > 0 and project_id is not null
        group by source, name
        having max(observed_until)
            between $as_of::timestamptz - to_days($longest) and $as_of::timestamptz - to_days($least)
        order by until, source, name
        """,
        {"as_of": build.as_of, "least": BEHIND_DAYS, "longest": OLDEST_CHANGE_DAYS},
    )
    if behind:
        until = behind[0]["until"].astimezone(build.zone).date()
        found.append(
            f"Behind the others since {words.day(until)} or later: {_some([_place(row) for row in behind])}."
        )
    return [Item("missing", text, "‘ospo-metrics status’ says what to do.") for text in found]


def _place(row: Mapping[str, Any]) -> str:
    return f"{words.lower_first(words.source_name(row['source']))} ‘{words.name(row['name'])}’"


def _some(names: Sequence[str]) -> str:
    shown = list(names[:3])
    return words.listed([*shown, f"{len(names) - 3} more"] if len(names) > 3 else shown)


def _how_sure(found: changes.Changes, left: int) -> list[str]:
    more = f"{words.count(left)} more {'item' if left == 1 else 'items'} did not fit; see the dashboards."
    return [changes.how_sure(found), *([more] if left else [])]


def _coverage(connection: duckdb.DuckDBPyConnection, build: Build) -> list[str]:
    """What each source holds, until when it can tell, and what is not there; all is told up to the same instant."""
    rows = records(
        connection,
        """
        select
            source, sum(rows_held)::bigint as held, sum(s.rejects)::bigint as rejects,
            coalesce(sum(gap), 0)::bigint as gap, max(observed_until) as until
        from meta.sources as s
        left join meta.reconciliation using (source, instance, stream)
        group by source
        order by source
        """,
    )
    return [
        words.coverage(
            row["source"],
            held=row["held"],
            rejects=row["rejects"],
            missing=row["gap"],
            until=min(row["until"], build.as_of).astimezone(build.zone).date() if row["until"] else None,
        )
        for row in rows
    ]


def _places(connection: duckdb.DuckDBPyConnection, pages: set[str]) -> dict[str, tuple[str, str]]:
    """For each metric the first page that shows it, and what that page is called."""
    found: dict[str, tuple[str, str]] = {}
    for page in readings.pages(connection):
        for metric in page.metrics:
            if page.about == "communities" and f"{page.page}.html" in pages:
                found.setdefault(metric, (f"{page.page}.html", page.title))
    return found


def as_markdown(told: Digest, dashboards: str = "dashboards/") -> str:
    """The digest in Markdown; nothing in a name can become a link, an image or a heading."""
    lines = [f"# {_marked(told.title)}", ""]
    if told.notice:
        lines += [f"> **{_marked(told.notice)}**", ""]
    lines += [_marked(told.as_of), "", "## What changed", ""]
    for number, item in enumerate(told.items, 1):
        link = f" [{_marked(item.page_title)}]({dashboards}{item.page})" if item.page else ""
        lead = f"**{_marked(words.upper_first(item.lead))}:** " if item.lead else ""
        lines.append(f"{number}. {lead}{_marked(item.text)}{link}")
    lines += ["", "## How sure that is", ""]
    lines += [f"* {_marked(text)}" for text in told.sure]
    lines += ["", "## What to do", ""]
    lines += [f"* {_marked(text)} ({number})" for number, text in told.to_do]
    lines += [f"* {_marked(text)}" for text in told.coming]
    if not (told.to_do or told.coming):
        lines.append("* Nothing that follows from the above.")
    lines += ["", "## How complete it is", ""]
    lines += [f"* {_marked(text)}" for text in told.complete]
    return "\n".join(lines) + "\n"


def as_html(told: Digest, dashboards: str = "dashboards/") -> str:
    """The digest as one HTML file that mail programs understand: tables, styles in place, nothing from elsewhere.

    With no `dashboards`, nothing is linked.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(project.root() / "dashboards" / "mail"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("digest.html.j2").render(told=told, dashboards=dashboards)


def as_text(told: Digest, dashboards: str = "") -> str:
    """The digest as plain text for a mail or a chat; addresses of pages are written out where they are known."""
    lines = [
        told.title,
        "",
        *([told.notice.upper(), ""] if told.notice else []),
        told.as_of,
        "",
        "WHAT CHANGED",
    ]
    for number, item in enumerate(told.items, 1):
        link = f"\n   {dashboards}{item.page}" if item.page and dashboards else ""
        lead = f"{words.upper_first(item.lead)}: " if item.lead else ""
        lines.append(f"{number}. {lead}{item.text}{link}")
    lines += ["", "HOW SURE THAT IS", *(f"- {text}" for text in told.sure)]
    if told.to_do or told.coming:
        lines += ["", "WHAT TO DO", *(f"- {text} ({number})" for number, text in told.to_do)]
        lines += [f"- {text}" for text in told.coming]
    lines += ["", "HOW COMPLETE IT IS", *(f"- {text}" for text in told.complete)]
    return "\n".join(lines).replace(words.NBSP, " ") + "\n"


def _marked(text: str) -> str:
    """A text that Markdown shows as it is, also where it looks like a list, a link or an address."""
    plain = re.sub(r"([\\`*_{}\[\]<>#|~!&$@]|(?<=http):|(?<=https):|(?<=ftp):|(?<=www)\.)", r"\\\1", text)
    return re.sub(r"^(\d*)([-+=.)])", r"\1\\\2", plain.replace(words.NBSP, " "))
