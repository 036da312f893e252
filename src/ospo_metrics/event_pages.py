"""A page for each event and campaign: what every metric says of it, and where they are all listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import jinja2

from ospo_metrics import views, words
from ospo_metrics.catalog import Metric
from ospo_metrics.site_data import Occasion, Published
from ospo_metrics.view_files import view_file
from ospo_metrics.words import Number

OUTCOMES = "event_outcomes"
MATCHES = "identity_match_rate"
LIFT = "campaign_lift"

_FOUND = {
    "matched": "agreed to be measured and {were} found in our communities",
    "not_found": "agreed and {were} not found",
    "not_agreed": "did not agree",
    "not_asked": "{were} not asked",
    "no_address": "stand in the list without an address",
    "let_go": "{were} let go of, because it is too long ago",
}


def title(occasions: Sequence[Occasion]) -> str:
    """What the page that lists them is called; empty where there are none."""
    kinds = {occasion.kind for occasion in occasions}
    if kinds == {"campaign"}:
        return "Campaigns"
    return "Events and campaigns" if len(kinds) > 1 else "Events" if kinds else ""


def render(
    environment: jinja2.Environment, site: dict[str, Any], published: Published
) -> Iterator[tuple[str, str]]:
    """The list of events and campaigns, and each one's own page with the file of its charts."""
    if not published.occasions:
        return
    yield (
        "events.html",
        environment.get_template("events.html.j2").render(
            site=site, page="events", title=title(published.occasions), lists=_lists(published)
        ),
    )
    template = environment.get_template("event.html.j2")
    for occasion in published.occasions:
        blocks, figures = _blocks(published, occasion)
        silent = _silent(blocks)
        if figures:
            yield view_file(occasion.page, {"key": "all", "title": occasion.name, "figures": figures})
        yield (
            f"{occasion.page}.html",
            template.render(
                site=site,
                page="events",
                event=occasion,
                title=title(published.occasions),
                steps=_steps(published, occasion),
                found=_found(published, occasion),
                bounds=_bounds(published, occasion),
                outcomes=published.metrics.get(OUTCOMES),
                blocks=[block for block in blocks if not any(block in same for same in silent)],
                silent=silent,
                view=occasion.page if figures else "",
            ),
        )


def _lists(published: Published) -> list[dict[str, Any]]:
    """A table of the events and one of the campaigns."""
    events = [occasion for occasion in published.occasions if occasion.kind == "event"]
    campaigns = [occasion for occasion in published.occasions if occasion.kind == "campaign"]
    found = []
    if events:
        outcomes, matches = published.metrics.get(OUTCOMES), published.metrics.get(MATCHES)
        columns: list[tuple[str, Metric, str]] = []
        if outcomes:
            came, *afterwards = outcomes.segments
            columns = [(words.label(outcomes, came), outcomes, came)]
            columns += [("Found", matches, "matched")] if matches else []
            columns += [(words.label(outcomes, each), outcomes, each) for each in afterwards]
        found.append(_list(published, "Event", events, columns, outcomes))
    if campaigns:
        lift = published.metrics.get(LIFT)
        columns = [(words.label(lift, each), lift, each) for each in lift.segments] if lift else []
        found.append(_list(published, "Campaign", campaigns, columns, lift))
    return found


def _list(
    published: Published,
    what: str,
    occasions: Sequence[Occasion],
    columns: Sequence[tuple[str, Metric, str]],
    metric: Metric | None,
) -> dict[str, Any]:
    rows = []
    for occasion in occasions:
        cells = []
        for _, each, segment in columns:
            number = _number(published, each.metric, occasion, segment)
            cells.append(_cell(each, number))
        rows.append((occasion, cells))
    return {
        "heading": f"{what} by {what.lower()}",
        "what": what,
        "heads": _heads([column[0] for column in columns]),
        "rows": rows,
        "hint": metric.how_to_read if metric else "",
    }


def _heads(labels: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The heads of the columns; those that differ only in what is within have one head in common."""
    groups = groupby(labels, key=lambda label: label.partition(" within ")[0])
    return [
        (f"{title} within", [label.partition(" within ")[2] for label in same])
        if len(same) > 1
        else (same[0], [])
        for title, same in ((title, list(found)) for title, found in groups)
    ]


def _blocks(published: Published, occasion: Occasion) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What every other metric says of an event or campaign, in the order of the pages, with its charts."""
    paged = [name for page in published.pages for name in page.metrics]
    names = dict.fromkeys([*paged, *published.metrics])
    blocks: list[dict[str, Any]] = []
    figures: dict[str, Any] = {}
    for metric in (published.metrics[name] for name in names if name not in (OUTCOMES, MATCHES)):
        numbers = views.of_occasion(published, metric, occasion)
        if not numbers:
            continue
        drawings = views.evidence_of(published, metric, occasion)
        figures |= {f"{metric.metric}-{drawing.id}": drawing.figure for drawing in drawings}
        main = next((one for one in numbers if one.segment == metric.headline_segment), None)
        said = views.Spoken(numbers, main, occasion.name)
        said_already = [main] if len(numbers) == 1 or (main and not main.is_ok) else []
        blocks.append(
            {
                "metric": metric,
                "answer": views.answer(metric, said),
                "facts": [
                    views.fact(published, metric, number) for number in numbers if number not in said_already
                ]
                if any(number.is_ok for number in numbers)
                else [],
                "state": None if main and main.is_ok else views.state(metric, main),
                "drawings": drawings,
            }
        )
    return blocks, figures


def _silent(blocks: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Those of which nothing is told, two or more for one reason: it is said once, with all that it keeps from us."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for block in blocks:
        if block["state"] and not block["facts"] and not block["drawings"]:
            found.setdefault((block["state"]["title"], block["state"]["reason"]), []).append(block)
    return [same for same in found.values() if len(same) > 1]


def _steps(published: Published, occasion: Occasion) -> list[dict[str, Any]]:
    """From the registration to a year later: each share with its range and its people, or why there is none."""
    metric = published.metrics.get(OUTCOMES)
    if metric is None or not published.of(OUTCOMES, occasion):
        return []
    return [
        _step(metric, segment, _number(published, OUTCOMES, occasion, segment)) for segment in metric.segments
    ]


def _number(published: Published, metric: str, occasion: Occasion, segment: str) -> Number | None:
    found = [number for number in published.of(metric, occasion) if number.segment == segment]
    return found[-1] if found else None


def _step(metric: Metric, segment: str, number: Number | None) -> dict[str, Any]:
    label = words.label(metric, segment)
    if number is None or not number.is_ok:
        return {
            "label": label,
            "value": words.short(metric, number) if number else "no data",
            "is_known": False,
            "status": number.status if number else "no_data",
            "details": [words.reason(number)] if number else [],
        }
    details = [_of(number), words.bounds(metric, number, named=True)]
    return {
        "label": label,
        "value": words.amount(metric, number),
        "is_known": True,
        "status": "",
        "details": [text for text in details if text],
    }


def _of(number: Number) -> str:
    return f"{words.count(number.numerator)} of {words.count(number.denominator)}"


def _cell(metric: Metric, number: Number | None) -> dict[str, Any]:
    if number is None or not number.is_ok:
        return {"value": words.short(metric, number) if number else "no data", "range": "", "is_known": False}
    value = words.short(metric, number)
    if metric.kind == "proportion" and number.numerator is not None and number.denominator is not None:
        value = _of(number)
    return {"value": value, "range": words.bounds(metric, number), "is_known": True}


def _found(published: Published, occasion: Occasion) -> str:
    """Whom of those who came we can find, and why not the others."""
    matched = _number(published, MATCHES, occasion, "matched")
    if matched is None or not matched.is_ok:
        return ""
    parts = [
        f"{words.count(number.numerator)} {text.format(were='was' if number.numerator == 1 else 'were')}"
        for segment, text in _FOUND.items()
        if (number := _number(published, MATCHES, occasion, segment))
        and (number.numerator or segment == "matched")
    ]
    return f"Of the {words.count(matched.denominator)} who came, {words.listed(parts)}."


def _bounds(published: Published, occasion: Occasion) -> str:
    """What the share can be at least and at most if those who were not looked for all stayed away, or all joined in."""
    came = _number(published, OUTCOMES, occasion, "came")
    did = _number(published, OUTCOMES, occasion, "day_90")
    if not (came and did and came.is_ok and did.is_ok) or not came.numerator:
        return ""
    unknown = came.numerator - (did.denominator or 0)
    if unknown <= 0:
        return ""
    least, most = (did.numerator or 0) / came.numerator, ((did.numerator or 0) + unknown) / came.numerator
    return (
        f"Of the {words.count(came.numerator)} who came, {words.count(unknown)} "
        "did not agree to be measured or cannot be looked for. "
        f"Whatever they did, of all who came between {100 * least:.0f} and {100 * most:.0f}{words.NBSP}% did "
        "something within 90 days."
    )
