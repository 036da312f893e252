"""Registers of who is who in JSON: SortingHat's and Stackalytics'."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO

from ospo_metrics.sources._registers import (
    KNOWN,
    Enrollment,
    Flaw,
    Form,
    FormError,
    Identity,
    RegisterOrganization,
    RegisterPerson,
    Told,
    Unmatched,
    in_order,
    is_address,
    load_json,
)

_ALWAYS = (1900, 2100)
"""The years by which SortingHat says that an enrollment has no beginning, or no end."""


def recognise_json(file: BinaryIO) -> Form:
    """Which form a JSON file has, by the names of what stands in it."""
    content = load_json(file)
    if isinstance(content, dict):
        if isinstance(content.get("uidentities"), dict) and isinstance(content.get("organizations"), dict):
            return SORTINGHAT
        if isinstance(content.get("users"), list):
            return STACKALYTICS
    shown = (
        f"its parts are {', '.join(sorted(map(str, content))[:5])}"
        if isinstance(content, dict)
        else "it is a list"
    )
    raise FormError(f"it is JSON of no register that is read ({shown:.120}); read are {KNOWN}")


def _sortinghat(file: BinaryIO) -> Iterator[Told]:
    content = load_json(file)
    blacklist = content.get("blacklist")
    for value in blacklist if isinstance(blacklist, list) else ():
        if isinstance(value, str) and value.strip():
            yield Unmatched(value.strip())
    for number, (name, domains) in enumerate(content["organizations"].items()):
        yield from _sortinghat_organization(f"organizations[{number}]", name, domains)
    for number, (uuid, entry) in enumerate(content["uidentities"].items()):
        yield from _sortinghat_person(f"uidentities[{number}]", uuid, entry)


def _sortinghat_organization(place: str, name: str, domains: Any) -> Iterator[Told]:
    if not name.strip() or not isinstance(domains, list):
        yield Flaw(place, "an organization without a name or without its list of domains", True)
        return
    found = RegisterOrganization(place, name.strip())
    for number, domain in enumerate(domains):
        text = _text(domain, "domain")
        if text is None or not isinstance(domain.get("is_top"), bool):
            yield Flaw(
                f"{place}[{number}]", "a domain needs 'domain', and 'is_top' that is true or false", True
            )
        else:
            found.domains[text.lower()] = None
    yield found


def _sortinghat_person(place: str, uuid: str, entry: Any) -> Iterator[Told]:
    if not isinstance(entry, dict):
        yield Flaw(place, "it is no entry of a person")
        return
    person = RegisterPerson(place, uuid)
    wrong: list[Flaw] = []
    for number, identity in enumerate(_listed(entry, "identities", place, wrong)):
        where = f"{place}.identities[{number}]"
        if not isinstance(identity, dict) or "source" not in identity:
            wrong.append(Flaw(where, "an identity needs 'source'"))
            continue
        is_github = str(identity.get("source") or "").lower().startswith("github")
        _add(person, wrong, where, "address", _text(identity, "email"))
        _add(person, wrong, where, "login" if is_github else "username", _text(identity, "username"))
        _add(person, wrong, where, "name", _text(identity, "name"))
    for number, enrollment in enumerate(_listed(entry, "enrollments", place, wrong)):
        where = f"{place}.enrollments[{number}]"
        organization = _text(enrollment, "organization")
        if organization is None or not {"start", "end"} <= set(enrollment):
            wrong.append(Flaw(where, "an enrollment needs 'organization', 'start' and 'end'"))
            continue
        try:
            since, until = _sortinghat_day(enrollment["start"]), _sortinghat_day(enrollment["end"])
        except (TypeError, ValueError):
            wrong.append(Flaw(where, "'start' or 'end' is no date; write it as 2026-01-31T00:00:00"))
            continue
        person.enrollments.append(Enrollment(organization, since, until))
    profile = entry.get("profile")
    if isinstance(profile, dict):
        where = f"{place}.profile"
        _add(person, wrong, where, "name", _text(profile, "name"))
        _add(person, wrong, where, "address", _text(profile, "email"))
        if profile.get("is_bot") is None or isinstance(profile.get("is_bot"), bool):
            person.is_bot = profile.get("is_bot")
        else:
            wrong.append(Flaw(where, "'is_bot' is neither true nor false"))
    elif profile is not None:
        wrong.append(Flaw(f"{place}.profile", "the profile has no parts"))
    yield from wrong
    yield person


def _sortinghat_day(text: Any) -> str | None:
    """The day of an instant, or nothing where it stands for always."""
    found = datetime.fromisoformat(text)
    return None if found.year <= _ALWAYS[0] or found.year >= _ALWAYS[1] else found.date().isoformat()


def _stackalytics(file: BinaryIO) -> Iterator[Told]:
    content = load_json(file)
    companies = content.get("companies")
    for number, company in enumerate(companies if isinstance(companies, list) else ()):
        place, name = f"companies[{number}]", _text(company, "company_name")
        domains = company.get("domains") if isinstance(company, dict) else None
        if name is None or not isinstance(domains, list):
            yield Flaw(place, "a company needs 'company_name' and its list of 'domains'", True)
            continue
        aliases = company.get("aliases")
        yield RegisterOrganization(
            place,
            name,
            dict.fromkeys(_texts(domains, lower=True)),
            _texts(aliases if isinstance(aliases, list) else []),
        )
    for number, user in enumerate(content["users"]):
        yield from _stackalytics_person(f"users[{number}]", user)


def _stackalytics_person(place: str, user: Any) -> Iterator[Told]:
    if not isinstance(user, dict):
        yield Flaw(place, "it is no entry of a person")
        return
    wrong: list[Flaw] = []
    mark = next((str(user[word]) for word in _USER_IDS if user.get(word)), "")
    person = RegisterPerson(place, mark)
    for kind, word in (("name", "user_name"), ("login", "github_id"), ("username", "launchpad_id"),
                       ("username", "gerrit_id")):  # fmt: skip
        _add(person, wrong, place, kind, _text(user, word))
    for address in _listed(user, "emails", place, wrong):
        _add(person, wrong, place, "address", address.strip() if isinstance(address, str) else None)
    entries: list[Enrollment] = []
    broken = False
    for number, company in enumerate(_listed(user, "companies", place, wrong)):
        name = _text(company, "company_name")
        try:
            until = _stackalytics_day(company["end_date"])
        except (KeyError, TypeError, ValueError):
            name = None
            until = None
        if name is not None:
            entries.append(Enrollment(name, None, until))
        else:
            broken = True
            what = "a company needs 'company_name', and 'end_date' that is null or a date as 2026-Jan-31"
            wrong.append(Flaw(f"{place}.companies[{number}]", f"{what}; of this person no company is taken"))
    # Each follows the one before it, so with one that is broken nobody knows when the others began.
    person.enrollments = [] if broken else in_order(entries)
    person.mark = person.mark or "|".join(identity.value for identity in person.identities)
    yield from wrong
    yield person


_USER_IDS = ("user_id", "launchpad_id", "gerrit_id", "github_id")


def _stackalytics_day(text: Any) -> str | None:
    return None if text is None else datetime.strptime(text, "%Y-%b-%d").date().isoformat()


def _listed(entry: dict[str, Any], word: str, place: str, wrong: list[Flaw]) -> list[Any]:
    found = entry.get(word)
    if isinstance(found, list):
        return found
    wrong.append(Flaw(place, f"it has no list {word!r}"))
    return []


def _text(entry: Any, word: str) -> str | None:
    """A text of an entry, or nothing where there is none."""
    found = entry.get(word) if isinstance(entry, dict) else None
    return found.strip() or None if isinstance(found, str) else None


def _texts(values: list[Any], *, lower: bool = False) -> list[str]:
    found = [value.strip() for value in values if isinstance(value, str) and value.strip()]
    return [value.lower() for value in found] if lower else found


def _add(person: RegisterPerson, wrong: list[Flaw], place: str, kind: str, value: str | None) -> None:
    if value is None:
        return
    if kind == "address" and not is_address(value):
        wrong.append(Flaw(place, "an address has no '@', or more than one"))
        return
    identity = Identity(kind, value)
    if identity not in person.identities:
        person.identities.append(identity)


SORTINGHAT = Form("sortinghat", "SortingHat", _sortinghat)
STACKALYTICS = Form("stackalytics", "Stackalytics", _stackalytics)
