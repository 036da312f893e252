"""What people say of themselves on the forge: public profiles, a file of them in each repository's recorded answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ospo_metrics.simulation import plan
from ospo_metrics.simulation.dice import Dice
from ospo_metrics.simulation.happenings import Happenings
from ospo_metrics.simulation.people import Person
from ospo_metrics.simulation.plan import DAY, RECORDED_AT, iso

_CITIES = ("Gent", "Leipzig", "Utrecht, NL", "brno", "Graz (Austria)", "Earth", "Lyon / remote", "Nairobi")
_ALONE = ("Freelance", "self-employed", "Student")


def write(folder: Path, happenings: Happenings, seed: int) -> dict[str, int]:
    """Write `github/<repository>/people.jsonl` for whoever acted there; returns how many there are in each."""
    dice = Dice(seed, "profiles")
    profiles = {person.id: _profile(person, dice) for person in happenings.people if person.login is not None}
    met: dict[str, set[str]] = {
        repository.id: set() for community in plan.COMMUNITIES for repository in community.repositories
    }
    for talk in happenings.conversations:
        if talk.kind != "mail_thread":
            there = [talk.opener, *(entry.person for entry in talk.entries)]
            met[talk.project].update(person.id for person in there if person.login and not person.is_ghost)
    for repository, ids in met.items():
        lines = [json.dumps(profiles[one], ensure_ascii=False, separators=(",", ":")) for one in sorted(ids)]
        path = folder / "github" / repository / "people.jsonl"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return {repository: len(ids) for repository, ids in met.items()}


def _profile(person: Person, dice: Dice) -> dict[str, Any]:
    login = person.login or ""
    is_human = person.kind == "human"
    has_name, has_company, has_city = dice.chance(0.8), dice.chance(0.5), dice.chance(0.4)
    company, city = _company(person, dice), dice.pick(_CITIES)
    joined = person.arrived_at or plan.HISTORY_FROM
    is_bot = login.endswith("[bot]")
    profile: dict[str, Any] = {
        "__typename": "Bot" if is_bot else "User",
        "id": f"U_sim{person.github_id:x}",
        "databaseId": person.github_id,
        "login": login.removesuffix("[bot]"),
        "createdAt": iso(joined - dice.below(3000) * DAY),
    }
    if is_bot:
        return profile
    return profile | {
        "name": person.name if is_human and has_name else None,
        "company": company if is_human and has_company else None,
        "location": city if is_human and has_city else None,
    }


def _company(person: Person, dice: Dice) -> str | None:
    """The employer of the day on which all was recorded, spelled as people do, sometimes with an earlier one."""
    job = person.employment(RECORDED_AT)
    if job is None:
        return dice.pick(_ALONE) if dice.chance(0.2) else None
    name = job.organization
    handle = "@" + name.lower().replace(" & ", "").replace(" ", "")
    spelled = dice.pick((name, name.upper(), f"{name}, Inc.", f" {name} GmbH", handle, f"Engineer at {name}"))
    if len(person.employments) > 1 and dice.chance(0.5):
        spelled += f", ex-{person.employments[0].organization}"
    return spelled
