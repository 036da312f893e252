"""What a community wrote down of who works for whom, in the form of SortingHat, of some of its people."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from ospo_metrics.simulation import plan
from ospo_metrics.simulation.dice import Dice
from ospo_metrics.simulation.happenings import Happenings
from ospo_metrics.simulation.people import Employment, Person
from ospo_metrics.simulation.plan import ORGANIZATIONS, OWN, ZONE

_SHARE = 0.4
_FILE = "registers/people.json"


def write(folder: Path, happenings: Happenings, seed: int) -> dict[str, Any]:
    """Write the register; returns how many people, employments and organizations are in it."""
    people = known(happenings, seed)
    told = {_uuid(person): _entry(person, addresses) for person, addresses in people}
    # The others are known to nobody but by their addresses.
    domains = {each.name: [{"domain": each.domain, "is_top": True}] for each in (*ORGANIZATIONS[:5], OWN)}
    content: dict[str, Any] = {
        "source": None,
        "time": plan.iso(plan.RECORDED_AT),
        "blacklist": [],
        "organizations": domains,
        "uidentities": told,
    }
    path = folder / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return {
        "location": _FILE,
        "people": len(told),
        "employments": sum(len(person.employments) for person, _ in people),
        "organizations": len(domains),
    }


def known(happenings: Happenings, seed: int) -> list[tuple[Person, list[str]]]:
    """Whom a community wrote down: some of those whom it has met, with the addresses that it saw."""
    dice = Dice(seed, "registers")
    seen: dict[str, set[str]] = {}
    for each in happenings.contributions():
        if each.identity_kind == "address":
            seen.setdefault(each.person.id, set()).add(each.identity)
    return [
        (person, sorted(seen[person.id]))
        for person in happenings.people
        if dice.chance(_SHARE) and person.kind == "human" and person.id in seen
    ]


def _uuid(person: Person) -> str:
    return hashlib.sha1(person.id.encode(), usedforsecurity=False).hexdigest()


def _entry(person: Person, addresses: list[str]) -> dict[str, Any]:
    identities = [
        {"source": "git", "name": person.name, "email": address, "username": None} for address in addresses
    ]
    if person.login:
        identities.append({"source": "github", "name": None, "email": None, "username": person.login})
    profile = {
        "name": person.name,
        "email": None,
        "is_bot": False,
        "country": None,
        "gender": None,
        "gender_acc": None,
    }
    return {
        "uuid": _uuid(person),
        "profile": profile,
        "identities": identities,
        "enrollments": [_enrollment(job) for job in person.employments],
    }


def _enrollment(job: Employment) -> dict[str, str]:
    return {
        "organization": job.organization,
        "start": "1900-01-01T00:00:00" if job.since is None else _midnight(job.since),
        "end": "2100-01-01T00:00:00" if job.until is None else _midnight(job.until),
    }


def _midnight(at: int) -> str:
    return f"{datetime.fromtimestamp(at, ZONE):%Y-%m-%d}T00:00:00"
