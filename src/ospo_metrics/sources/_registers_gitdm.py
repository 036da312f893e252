"""Registers of who is who in the text files of gitdm: developers, addresses, aliases, domains, and who opted out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

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
    in_order,
    is_address,
    is_day,
)
from ospo_metrics.sources._tables import decoded

_SAMPLE = 400
_DEVELOPER = re.compile(r"^(\S.*?): (\S.*)$")
_PAIR = re.compile(r"^([^\s:]+)\s+(\S.*)$")
_ADDRESS = re.compile(r"^[^\s,]+[!@][^\s!@,]+$")
_DOMAIN = re.compile(r"^[\w-]+(?:\.[\w-]+)+$")
_HASH = re.compile(r"^[0-9a-f]{64}$")
_EMPLOYER = re.compile(r"^(.+?)(?:\s+<\s*(\S+))?$")
_ENROLLMENT = re.compile(
    r"^(?P<organization>.+?)(?: from (?P<since>\d{4}-\d{2}-\d{2}))?(?: until (?P<until>\S+))?$"
)


def recognise_gitdm(file: BinaryIO) -> Form:
    """Which of gitdm's forms a text has, by what most of its first lines look like."""
    votes: Counter[str] = Counter()
    for line in islice((text for _, text in _lines(file)), _SAMPLE):
        votes[_kind(line)] += 1
    votes_in_all = votes.total()
    if not votes_in_all:
        raise FormError("it holds nothing but comments")
    kind, most = max(
        ((name, n) for name, n in votes.items() if name), key=lambda vote: vote[1], default=("", 0)
    )
    if kind not in FORMS or 2 * most < votes_in_all:
        raise FormError(f"it is none of the registers that are read, which are {KNOWN}")
    return FORMS[kind]


def hashes(file: BinaryIO) -> Iterator[str]:
    """The SHA-256 sums in a list of those who opted out."""
    for _, line in _lines(file):
        if _HASH.match(line.strip().lower()):
            yield line.strip().lower()


def _kind(line: str) -> str:
    if line[0].isspace():
        return "developers" if line.startswith("\t") else ""
    if _HASH.match(line.strip().lower()) or line.strip() == "sha":
        return "opted out"
    if (developer := _DEVELOPER.match(line)) and all(map(_ADDRESS.match, re.split(r",\s*", developer[2]))):
        return "developers"
    if pair := _PAIR.match(_without_comment(line)):
        if _ADDRESS.match(pair[1]):
            return "aliases" if _ADDRESS.match(pair[2].strip()) else "addresses"
        return "domains" if _DOMAIN.match(pair[1]) else ""
    return "domains" if _DOMAIN.match(line.strip()) else ""


def _lines(file: BinaryIO) -> Iterator[tuple[int, str]]:
    """The lines that say something, with their numbers."""
    for number, raw in enumerate(file, 1):
        line = decoded(raw).rstrip("\r\n")
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line


def _developers(file: BinaryIO) -> Iterator[Told]:
    """`name: user!domain, user!domain`, and below it an indented line for each company."""
    person: RegisterPerson | None = None
    entries: list[Enrollment] = []
    broken = False
    for number, line in _lines(file):
        if line[0].isspace():
            if person is None:
                yield Flaw(str(number), "a company without anybody above it")
            elif (enrollment := _ENROLLMENT.match(line.strip())) and is_day(
                enrollment["until"] or "2000-01-01"
            ):
                entries.append(
                    Enrollment(enrollment["organization"], enrollment["since"], enrollment["until"])
                )
            else:
                broken = True
                what = "'until' is no date; write it as 2026-01-31"
                yield Flaw(str(number), f"{what}; of this person no company is taken")
            continue
        if person is not None:
            person.enrollments = [] if broken else in_order(entries)
            yield person
        person, entries, broken = None, [], False
        if (developer := _DEVELOPER.match(line)) is None:
            yield Flaw(str(number), "it is neither 'name: user!domain' nor an indented company")
            continue
        # A name with an asterisk stands in several places, with another address in each.
        name = developer[1].rstrip("*").strip()
        person = RegisterPerson(str(number), line, [Identity("name", name)] if name else [])
        for text in re.split(r",\s*", developer[2].strip()):
            if (address := _address(text)) is None:
                yield Flaw(str(number), "an address has no '!', or more than one")
            else:
                person.identities.append(Identity("address", address))
    if person is not None:
        person.enrollments = [] if broken else in_order(entries)
        yield person


def _addresses(file: BinaryIO) -> Iterator[Told]:
    """`user!domain Company < date`; one address may stand in several lines, far from each other."""
    places: dict[str, int] = {}
    entries: dict[str, list[Enrollment]] = {}
    broken: set[str] = set()
    for number, line in _lines(file):
        pair = _PAIR.match(_without_comment(line))
        address = _address(pair[1]) if pair else None
        if pair is None or address is None:
            yield Flaw(str(number), "it is not 'user!domain Company'")
            continue
        places.setdefault(address, number)
        employer = _EMPLOYER.match(pair[2].strip())
        if employer is None or not is_day(employer[2] or "2000-01-01"):
            broken.add(address)
            what = "what stands behind '<' is no date; write it as 2026-01-31"
            yield Flaw(str(number), f"{what}; of this address no company is taken")
            continue
        entries.setdefault(address, []).append(Enrollment(employer[1], None, employer[2]))
    for address, number in places.items():
        companies = [] if address in broken else in_order(entries.get(address, []))
        yield RegisterPerson(str(number), address, [Identity("address", address)], companies)


def _aliases(file: BinaryIO) -> Iterator[Told]:
    """`user!domain user!domain`: two addresses of one person."""
    for number, line in _lines(file):
        pair = _PAIR.match(_without_comment(line))
        both = [_address(text.strip()) for text in pair.groups()] if pair else [None]
        found = [Identity("address", address) for address in both if address is not None]
        if len(found) == 2:
            yield RegisterPerson(str(number), " ".join(one.value for one in found), found)
        else:
            yield Flaw(str(number), "it is not an address and the one that stands for it")


def _domains(file: BinaryIO) -> Iterator[Told]:
    """`domain Company < date`; one company may have several domains."""
    found: dict[str, RegisterOrganization] = {}
    for number, line in _lines(file):
        pair = _PAIR.match(_without_comment(line))
        employer = _EMPLOYER.match(pair[2].strip()) if pair else None
        if pair is None or employer is None or not _DOMAIN.match(pair[1]):
            yield Flaw(str(number), "it is not 'domain Company'", True)
        elif re.search(r"\S#\s", line):
            yield Flaw(str(number), "a comment needs a blank before its #", True)
        elif not is_day(employer[2] or "2000-01-01"):
            yield Flaw(str(number), "what stands behind '<' is no date; write it as 2026-01-31", True)
        else:
            organization = found.setdefault(employer[1], RegisterOrganization(str(number), employer[1]))
            domain = pair[1].lower()
            until = organization.domains.get(domain, "")
            organization.domains[domain] = (
                None if until is None or not employer[2] else max(until, employer[2])
            )
    yield from found.values()


def _nobody(file: BinaryIO) -> Iterator[Told]:
    """The list of those who opted out tells of nobody."""
    del file
    return iter(())


def _without_comment(line: str) -> str:
    return re.sub(r"\s+#.*$", "", line)


def _address(text: str) -> str | None:
    found = text.strip().replace("!", "@")
    return found if is_address(found) else None


OPTED_OUT = Form("gitdm", "gitdm opt-outs", _nobody)
FORMS = {
    "developers": Form("gitdm", "gitdm developers", _developers),
    "addresses": Form("gitdm", "gitdm email-map", _addresses),
    "aliases": Form("gitdm", "gitdm aliases", _aliases),
    "domains": Form("gitdm", "gitdm domain-map", _domains),
    "opted out": OPTED_OUT,
}
