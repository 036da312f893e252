"""Which mentions are of one event: pure rules, no input or output.

An event that stands in a calendar, a schedule and a spreadsheet is one event: by its id, else by its name, place and
dates. What is doubtful is proposed and never merged; what a person decided overrules every rule.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from difflib import SequenceMatcher, get_close_matches
from typing import Any

SIMILAR = 0.8
"""How alike two names must be to be proposed, between 0 and 1."""
NEAR = timedelta(days=14)
_RANK = {"outreach": 0, "schedules": 1, "attendance": 2, "calendars": 3}


@dataclass(frozen=True, slots=True)
class Mention:
    """One place that tells of an event; `name_in_source` is what it is called there."""

    mention_id: str
    source: str
    instance: str
    name_in_source: str
    title: str | None = None
    city: str | None = None
    venue: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    is_recurring: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two events that may be one, and why."""

    event: str
    other: str
    reason: str


@dataclass(frozen=True, slots=True)
class Matched:
    """For each mention its event and the rule, and what is left for a person to decide."""

    event_ids: list[str]
    rules: list[str]
    proposals: list[Proposal]


def from_rows(rows: Iterable[Mapping[str, Any]]) -> list[Mention]:
    """Mentions from rows that may have more columns."""
    names = [field.name for field in fields(Mention)]
    return [Mention(**{name: row[name] for name in names}) for row in rows]


def match(mentions: Sequence[Mention], decided: Iterable[tuple[str, str, bool]] = ()) -> Matched:
    """Put mentions together by what was decided, by id, and by name, place and dates, in this order."""
    names = [own_name(mention) for mention in mentions]
    verdicts = {frozenset((left, right)): same for left, right, same in decided}
    group = list(range(len(mentions)))
    rules = ["alone"] * len(mentions)
    doubts: dict[tuple[int, int], str] = {}

    def together(left: int, right: int, rule: str) -> None:
        low, high = sorted((group[left], group[right]))
        if low == high:
            return
        members = [place for place, number in enumerate(group) if number in (low, high)]
        sheets = [place for place in members if mentions[place].source == "outreach"]
        if len(sheets) > 1 and rule != "decided":
            doubts[left, right] = "it matches two events of the spreadsheet"
            return
        for place, number in enumerate(group):
            if number == high:
                group[place] = low
        for place in (left, right):
            rules[place] = rule if rules[place] == "alone" else rules[place]

    def verdict(left: int, right: int) -> bool | None:
        return verdicts.get(frozenset((names[left], names[right])))

    pairs = list(_pairs(mentions))
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name, []).append(place)
    for pair, same in verdicts.items():
        found = [place for name in sorted(pair) for place in places.get(name, ())]
        for right in found[1:] if same else ():
            together(found[0], right, "decided")
    for left, right in pairs:
        if verdict(left, right) is None and mentions[left].name_in_source == mentions[right].name_in_source:
            if _are_near(mentions[left], mentions[right], NEAR):
                together(left, right, "same_id")
            else:
                doubts[left, right] = "the same id on other days"
    for left, right in pairs:
        if verdict(left, right) is None and group[left] != group[right]:
            said = _by_name(mentions[left], mentions[right])
            if said == "":
                together(left, right, "same_name_place_and_dates")
            elif said:
                doubts[left, right] = said
    ids = _ids(mentions, group, names)
    proposals = {
        (min(ids[left], ids[right]), max(ids[left], ids[right])): why
        for (left, right), why in doubts.items()
        if ids[left] != ids[right] and verdict(left, right) is None
    }
    return Matched(
        ids,
        rules,
        [*(Proposal(*pair, why) for pair, why in sorted(proposals.items())), *_without_a_day(mentions, ids)],
    )


def own_name(mention: Mention) -> str:
    """What an event is called that nobody else tells of: its id, or calendar and entry, with the day of a series."""
    name = re.sub(r"[^a-z0-9_.]+", "-", mention.name_in_source.casefold()).strip("-.") or "event"
    if mention.source != "calendars":
        return name
    when = f".{mention.starts_on}" if mention.is_recurring else ""
    return f"{mention.instance}.{name[:80]}{when}"


def _ids(mentions: Sequence[Mention], group: Sequence[int], names: Sequence[str]) -> list[str]:
    """What each group is called: as the spreadsheet calls it, else the schedule, the list, the calendar."""
    best: dict[int, int] = {}
    for place, number in enumerate(group):
        first = best.setdefault(number, place)
        if _order(mentions[place]) < _order(mentions[first]):
            best[number] = place
    return [names[best[number]] for number in group]


def _without_a_day(mentions: Sequence[Mention], ids: Sequence[str]) -> list[Proposal]:
    """Events of which nobody tells the day, each with the event whose id is nearest."""
    dated = {event for mention, event in zip(mentions, ids, strict=True) if mention.starts_on is not None}
    return [
        Proposal(
            event,
            next(iter(get_close_matches(event, sorted(dated), 1)), ""),
            "nobody tells when it was: add it to the sheet of events, or rename the list of attendees",
        )
        for event in sorted(set(ids) - dated)
    ]


def _pairs(mentions: Sequence[Mention]) -> Iterable[tuple[int, int]]:
    """Pairs from different sources whose ids are equal or whose days are near, each once and in order."""
    found: set[tuple[int, int]] = set()
    by_name: dict[str, list[int]] = {}
    for place, mention in enumerate(mentions):
        if not mention.is_recurring:
            by_name.setdefault(mention.name_in_source, []).append(place)
    for places in by_name.values():
        found.update((a, b) for a in places for b in places if a < b)
    dated = sorted(
        (mention.starts_on, place) for place, mention in enumerate(mentions) if mention.starts_on is not None
    )
    for position, (day, place) in enumerate(dated):
        for other_day, other in dated[position + 1 :]:
            if other_day - day > NEAR + timedelta(days=14):
                break
            found.add((min(place, other), max(place, other)))
    return sorted(
        (a, b)
        for a, b in found
        if (mentions[a].source, mentions[a].instance) != (mentions[b].source, mentions[b].instance)
    )


def _by_name(left: Mention, right: Mention) -> str | None:
    """Empty where two mentions are of one event, a reason where they may be, None where they are not."""
    if not (left.title and right.title and left.starts_on and right.starts_on):
        return None
    one, other = _plain(left.title), _plain(right.title)
    is_same_name = one == other and bool(one)
    is_like = is_same_name or SequenceMatcher(None, one, other).ratio() >= SIMILAR
    if not is_like:
        return None
    is_same_time = _are_near(left, right, timedelta())
    place = _are_in_one_place(left, right)
    if is_same_name and is_same_time and place is not False:
        return ""
    if is_same_time:
        return "the same days and " + ("name, in other places" if is_same_name else "a similar name")
    if (left.is_recurring or right.is_recurring) or not _are_near(left, right, NEAR):
        return None
    return "the same name, a few days apart" if is_same_name and place is not False else None


def _are_near(left: Mention, right: Mention, gap: timedelta) -> bool:
    """Whether the days of two mentions meet, or lie no further apart; true where one has none."""
    if left.starts_on is None or right.starts_on is None:
        return True
    left_end, right_end = left.ends_on or left.starts_on, right.ends_on or right.starts_on
    return left.starts_on <= right_end + gap and right.starts_on <= left_end + gap


def _are_in_one_place(left: Mention, right: Mention) -> bool | None:
    """Whether a city of one stands in the place of the other; None where one says no place."""
    one = _plain(" ".join(filter(None, (left.city, left.venue))), keep_years=True)
    other = _plain(" ".join(filter(None, (right.city, right.venue))), keep_years=True)
    if not one or not other:
        return None
    cities = [_plain(city, keep_years=True) for city in (left.city, right.city) if city]
    if not cities:
        return one == other or None
    return any(f" {city} " in f" {one} " and f" {city} " in f" {other} " for city in cities)


def _plain(text: str, *, keep_years: bool = False) -> str:
    folded = unicodedata.normalize("NFKD", text).casefold()
    words = re.findall(r"[^\W_]+", "".join(mark for mark in folded if not unicodedata.combining(mark)))
    return " ".join(word for word in words if keep_years or not re.fullmatch(r"(19|20)\d\d", word))


def _order(mention: Mention) -> tuple[int, str]:
    return _RANK[mention.source], mention.mention_id
