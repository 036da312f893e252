"""The programme of a made-up conference, one pentabarf XML a year; few of its talks are about us."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ospo_metrics.simulation import plan
from ospo_metrics.simulation.dice import Dice
from ospo_metrics.simulation.happenings import Happenings
from ospo_metrics.simulation.people import Person, invented_name
from ospo_metrics.simulation.plan import Community, Repository

_ROOMS = ("Aula", "H.1301", "H.2215", "K.3.401", "K.4.201", "U.1.017")
_TRACKS = ("Main track", "Databases", "Embedded", "Containers", "Community", "Security", "Documentation")
_TOPICS = ("keyboards", "calendars", "parsers", "sensor nodes", "boot loaders", "package managers", "fonts",
           "radio", "spreadsheets", "test labs", "printers", "maps", "type systems", "mirrors")  # fmt: skip
_ELSEWHERE = (
    "Ten years of {}",
    "What we learned from {}",
    "{} without tears",
    "A gentle tour of {}",
    "Fixing {}",
)
_OURS = (
    "{} in production",
    "What is new in {}",
    "Contributing to {} in an afternoon",
    "{}: lessons of a year",
)
_DECOYS = ("https://github.com/elsewhere/{}-extras", "https://github.com/example-unrelated/{}")
_SLOTS_PER_ROOM = 14


@dataclass(frozen=True, slots=True)
class _Talk:
    id: int
    title: str
    track: str
    speakers: list[tuple[int, str]]
    abstract: str
    links: list[tuple[str, str]]


def write(folder: Path, happenings: Happenings, seed: int) -> dict[str, Any]:
    """Write `schedules/<id>.xml`; returns the number of talks, and which ones are about which project."""
    (folder / "schedules").mkdir(parents=True, exist_ok=True)
    dice = Dice(seed, "schedules")
    found: dict[str, Any] = {}
    for place, (schedule_id, title, first_day) in enumerate(plan.CONFERENCES, 1):
        talks, ours = _programme(dice, happenings, place * 1000, first_day)
        tree = _tree(title, first_day, talks)
        ElementTree.indent(tree)
        path = folder / "schedules" / f"{schedule_id}.xml"
        ElementTree.ElementTree(tree).write(path, encoding="UTF-8", xml_declaration=True)
        found[schedule_id] = {
            "location": f"schedules/{schedule_id}.xml",
            "talks": len(talks),
            "our_talks": ours,
            "first_day": first_day.isoformat(),
        }
    return found


def _programme(
    dice: Dice, happenings: Happenings, base: int, day: date
) -> tuple[list[_Talk], list[dict[str, Any]]]:
    at = plan.local(day.year, day.month, day.day)
    repositories = [(community, each) for community in plan.COMMUNITIES for each in community.repositories]
    chosen = set(dice.shuffled(range(plan.TALKS_PER_CONFERENCE))[: plan.OWN_TALKS_PER_CONFERENCE])
    talks: list[_Talk] = []
    ours: list[dict[str, Any]] = []
    for place in range(plan.TALKS_PER_CONFERENCE):
        number = base + place
        if place in chosen:
            community, repository = dice.pick(repositories)
            speakers = _our_speakers(dice, happenings, community, at)
            talk, how = _our_talk(dice, number, repository, speakers)
            ours.append(
                {
                    "talk_id": str(number),
                    "title": talk.title,
                    "project": repository.id,
                    "told_by": how,
                    "speakers": [person.id for person in speakers],
                    "has_outside_speaker": any(not person.is_own(at) for person in speakers),
                }
            )
        else:
            talk = _other_talk(dice, number)
        talks.append(talk)
    return talks, ours


def _our_speakers(dice: Dice, happenings: Happenings, community: Community, at: int) -> list[Person]:
    known = [
        person
        for person in happenings.people
        if community.id in person.communities and person.habit in ("core", "coder")
        and person.arrived_at < at < person.left_at
    ]  # fmt: skip
    return dice.shuffled(known)[: 1 + dice.chance(0.25)]


def _our_talk(dice: Dice, number: int, repository: Repository, speakers: list[Person]) -> tuple[_Talk, str]:
    name = repository.id.split("/")[1]
    title, web = dice.pick(_OURS).format(name), f"https://github.com/{repository.id}"
    abstract, links, how = f"<p>{repository.description}, and what it is used for.</p>", [], "link"
    match dice.below(10):
        case 0 | 1:
            how = "project name in the title"
        case 2:
            abstract, how = f'<p>See <a href="{web}">{web}</a>.</p>', "link in the abstract"
        case _:
            links = [(web, "Source code")]
    people = [(int(person.id[1:]), person.name) for person in speakers]
    return _Talk(number, title, dice.pick(_TRACKS), people, abstract, links), how


def _other_talk(dice: Dice, number: int) -> _Talk:
    topic = dice.pick(_TOPICS)
    title = dice.pick(_ELSEWHERE).format(topic)
    links = [(f"https://www.example.net/{topic.replace(' ', '-')}", "Home page")]
    if dice.chance(0.06):
        repository = dice.pick(dice.pick(plan.COMMUNITIES).repositories)
        links.append((dice.pick(_DECOYS).format(repository.id.split("/")[1]), "A tool that we use"))
    speakers = [(100_000 + number * 3 + each, invented_name(dice)) for each in range(1 + dice.chance(0.2))]
    return _Talk(
        number, title[0].upper() + title[1:], dice.pick(_TRACKS), speakers, f"<p>About {topic}.</p>", links
    )


def _tree(title: str, first_day: date, talks: list[_Talk]) -> ElementTree.Element:
    schedule = ElementTree.Element("schedule")
    conference = ElementTree.SubElement(schedule, "conference")
    days = [first_day, first_day + timedelta(days=1)]
    for name, text in (
        ("title", title), ("subtitle", ""), ("venue", "Made-up Halls"), ("city", "Nowhere"),
        ("start", days[0].isoformat()), ("end", days[1].isoformat()), ("days", "2"),
        ("day_change", "09:00:00"), ("timeslot_duration", "00:05:00"),
    ):  # fmt: skip
        ElementTree.SubElement(conference, name).text = text
    waiting = iter(talks)
    for index, day in enumerate(days, 1):
        day_element = ElementTree.SubElement(schedule, "day", index=str(index), date=day.isoformat())
        for room in _ROOMS:
            room_element = ElementTree.SubElement(day_element, "room", name=room)
            for slot in range(_SLOTS_PER_ROOM):
                talk = next(waiting, None)
                if talk is not None:
                    room_element.append(_event(talk, room, slot))
    return schedule


def _event(talk: _Talk, room: str, slot: int) -> ElementTree.Element:
    event = ElementTree.Element("event", id=str(talk.id))
    hours, minutes = divmod(9 * 60 + 30 + slot * 30, 60)
    for name, text in (
        ("start", f"{hours:02}:{minutes:02}"),
        ("duration", "00:25"),
        ("room", room),
        ("slug", f"talk_{talk.id}"),
        ("title", talk.title),
        ("subtitle", ""),
        ("track", talk.track),
        ("type", "devroom"),
        ("language", ""),
        ("abstract", talk.abstract),
        ("description", ""),
    ):
        ElementTree.SubElement(event, name).text = text
    persons = ElementTree.SubElement(event, "persons")
    for number, name in talk.speakers:
        ElementTree.SubElement(persons, "person", id=str(number)).text = name
    ElementTree.SubElement(event, "attachments")
    links = ElementTree.SubElement(event, "links")
    for address, text in talk.links:
        ElementTree.SubElement(links, "link", href=address).text = text
    return event
