"""Who is who and who works for whom, from the registers that others keep; whoever opted out of one is not taken."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from ospo_metrics.items import (
    Checkpoint,
    Claim,
    Context,
    Handed,
    Instance,
    Item,
    Reject,
    SourceError,
    Stream,
    Sweep,
    as_json,
)
from ospo_metrics.paths import expand, is_url, within
from ospo_metrics.sources._registers import (
    Flaw,
    Form,
    FormError,
    RegisterOrganization,
    RegisterPerson,
    Unmatched,
)
from ospo_metrics.sources._registers_gitdm import OPTED_OUT, hashes, recognise_gitdm
from ospo_metrics.sources._registers_json import recognise_json
from ospo_metrics.sources._snapshots import last_saved
from ospo_metrics.sources._tables import fingerprint
from ospo_metrics.web import WebError, download

NAME = "identities"
STREAMS = (
    Stream("people", versions=True),
    Stream("organizations", versions=True, within=("people",)),
)
LARGEST_REGISTER = 300 << 20
OPT_OUTS = ("forbidden.csv", "cncf-config/forbidden.csv")
"""Where the list of those who opted out lies beside a register of gitdm, also where `location` does not name it."""
VERSION = 1
"""Raise it when the same register is read differently, so that every one is read again."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where the files of a register lie, and their form, or that it is to be recognised."""

    location: str
    format: str = "auto"


@dataclass(frozen=True, slots=True)
class _File:
    """One file: how it is called, and how it is opened."""

    name: str
    open: Callable[[], BinaryIO]


@dataclass(slots=True)
class _Tally:
    """What a reading found, in the words and numbers of its claim."""

    held: Counter[str] = field(default_factory=Counter)
    flaws: set[tuple[str, str, str]] = field(default_factory=set)
    touched: set[tuple[str, str]] = field(default_factory=set)
    opted_out: int = 0
    unmatched: int = 0


def instances(settings: Any, workspace: Path) -> list[Instance]:
    """One for each `[[sources.identities]]`."""
    del workspace
    return [Instance(one.id, None, Location(one.location, one.format)) for one in settings.sources.identities]


def read(instance: Instance, stream: str, context: Context) -> Iterator[Handed]:
    """Hand over every person and organization of a register when any of its files changed.

    A broken entry is set aside with its place, and the rest is taken. What a register no longer says is gone.
    """
    del stream
    files, saved = _files(instance, context)
    mark = fingerprint(VERSION, instance.options.format, *(f"{one.name} {_digest(one)}" for one in files))
    cursor = dict(context.cursor)
    if cursor.get("mark") != mark:
        forms = _recognised(instance, files, cursor.get("forms", {}))
        cursor = yield from _take(files, forms, cursor)
        cursor["mark"] = mark
    yield Checkpoint(cursor)
    for name in ("people", "organizations"):
        rejects = sum(cursor["rejects"].get(name, {}).values())
        count = cursor["held"].get(name, 0) + rejects
        yield Claim(count, _how(name, cursor), saved, "" if name == "people" else name)


def _how(name: str, cursor: Mapping[str, Any]) -> str:
    forms = Counter(form for form in cursor["forms"].values() if form and form != OPTED_OUT.name)
    told = f"{name} in {', '.join(f'{n} {form}' for form, n in sorted(forms.items()))}"
    if name == "people" and cursor["opted_out"]:
        told += f"; {cursor['opted_out']:,} more left out because they opted out"
    if name == "people" and cursor["unmatched"]:
        told += f"; {cursor['unmatched']:,} names and addresses left out because the register excludes them"
    return told


def _files(instance: Instance, context: Context) -> tuple[list[_File], datetime | None]:
    """The files of a register with the opt-outs beside them, and when the newest was saved."""
    location = instance.options.location
    if is_url(location):
        try:
            raw = download(location, LARGEST_REGISTER)
        except WebError as error:
            raise SourceError(f"identities '{instance.id}': {error}") from None
        return [_File(instance.id, lambda: io.BytesIO(raw))], context.now
    named = expand(context.workspace, location)
    if len(named) == 1 and named[0].is_dir():
        named = sorted(path for path in named[0].rglob("*") if path.is_file())
    paths = [path for path in named if not path.name.startswith(".")]
    if not paths:
        raise SourceError(
            f"identities '{instance.id}': {location} matches no file. Check 'location' in ospo.toml."
        )
    for path in paths:
        if path.stat().st_size > LARGEST_REGISTER:
            raise SourceError(
                f"identities '{instance.id}': {within(context.workspace, path)} is larger than "
                f"{LARGEST_REGISTER >> 20} MB. Cut it into several, or take out whom you do not need."
            )
    beside = {folder / name for folder in {path.parent for path in paths} for name in OPT_OUTS}
    lists = sorted(path for path in beside - set(paths) if path.is_file())
    files = [
        _File(within(context.workspace, path), lambda path=path: path.open("rb"))  # type: ignore[misc]
        for path in (*paths, *lists)
    ]
    return files, last_saved([*paths, *lists], context.now)


def _digest(file: _File) -> str:
    found = hashlib.sha256()
    with file.open() as opened:
        for block in iter(lambda: opened.read(1 << 20), b""):
            found.update(block)
    return found.hexdigest()


def _recognised(
    instance: Instance, files: list[_File], before: Mapping[str, str]
) -> dict[str, Form | FormError]:
    """The form of each file, or why it has none; of one that was a register before, nothing is given up."""
    found: dict[str, Form | FormError] = {}
    for file in files:
        try:
            found[file.name] = _form(file, instance.options.format)
        except FormError as error:
            if before.get(file.name):
                raise SourceError(
                    f"identities '{instance.id}': {file.name} was a register and cannot be read any more: {error}. "
                    "What it said before stays; mend it, or take the file away."
                ) from None
            found[file.name] = error
    if not any(isinstance(form, Form) for form in found.values()):
        name, problem = next(iter(found.items()))
        more = f" (and {len(found) - 1} more like it)" if len(found) > 1 else ""
        raise SourceError(
            f"identities '{instance.id}': {name}{more}: {problem}. Check 'location' in ospo.toml."
        )
    return found


def _form(file: _File, wanted: str) -> Form:
    with file.open() as opened:
        start = opened.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    with file.open() as opened:
        form = recognise_json(opened) if start in (b"{", b"[") else recognise_gitdm(opened)
    if wanted not in ("auto", form.family):
        raise FormError(f"it is {form.name}, and 'format' says {wanted}")
    return form


def _take(
    files: list[_File], forms: Mapping[str, Form | FormError], before: Mapping[str, Any]
) -> Generator[Handed, None, dict[str, Any]]:
    """Everything in all files, between the two ends of a sweep; what the next reading has to know of it."""
    opted_out: set[str] = set()
    for file in files:
        if forms[file.name] is OPTED_OUT:
            with file.open() as opened:
                opted_out.update(hashes(opened))
    tally = _Tally()
    yield Sweep(("people", "organizations"), is_over=False)
    for file in files:
        form = forms[file.name]
        if isinstance(form, Form):
            yield from _entries(file, form, opted_out, tally)
        else:
            yield from _reject(file, Flaw("0", str(form)), tally)
    # What was wrong with a file is forgotten when anything comes from it again; from these nothing does.
    for name, counts in before.get("rejects", {}).items():
        for file_name in counts:
            if (name, file_name) not in tally.touched:
                tally.held[name] += 1
                payload = as_json({"is_taken_out": True})
                yield Item(
                    f"file:{file_name}", payload, None, f"{file_name}:0", "" if name == "people" else name
                )
    yield Sweep(("people", "organizations"), is_over=True)
    rejects: dict[str, Counter[str]] = {}
    for name, location, _ in tally.flaws:
        rejects.setdefault(name, Counter())[location.rpartition(":")[0]] += 1
    return {
        "held": dict(tally.held),
        "rejects": {name: dict(counts) for name, counts in rejects.items()},
        "forms": {name: form.name if isinstance(form, Form) else "" for name, form in forms.items()},
        "opted_out": tally.opted_out,
        "unmatched": tally.unmatched,
    }


def _entries(file: _File, form: Form, opted_out: set[str], tally: _Tally) -> Iterator[Handed]:
    """What one register says, but of those who opted out."""
    excluded: set[str] = set()
    times: Counter[str] = Counter()
    with file.open() as opened:
        for told in form.read(opened):
            match told:
                case Unmatched():
                    excluded.add(told.value)
                case Flaw():
                    yield from _reject(file, told, tally)
                case RegisterOrganization():
                    yield _organization(file, form, told, times, tally)
                case RegisterPerson():
                    if opted_out and any(_has_opted_out(one.value, opted_out) for one in told.identities):
                        tally.opted_out += 1
                        continue
                    before = len(told.identities)
                    told.identities = [one for one in told.identities if one.value not in excluded]
                    tally.unmatched += before - len(told.identities)
                    yield _person(file, form, told, times, tally)


def _person(file: _File, form: Form, told: RegisterPerson, times: Counter[str], tally: _Tally) -> Item:
    payload = {
        "register": form.name,
        "identities": [{"kind": one.kind, "value": one.value} for one in told.identities],
        "enrollments": [
            {"organization": one.organization, "from": one.since, "until": one.until}
            for one in told.enrollments
        ],
        "is_bot": told.is_bot,
    }
    tally.held["people"] += 1
    tally.touched.add(("people", file.name))
    key = _once(fingerprint(file.name, told.mark), times)
    return Item(key, as_json(payload), None, f"{file.name}:{told.place}")


def _organization(
    file: _File, form: Form, told: RegisterOrganization, times: Counter[str], tally: _Tally
) -> Item:
    payload = {
        "register": form.name,
        "name": told.name,
        "domains": [{"domain": domain, "until": until} for domain, until in told.domains.items()],
        "aliases": told.aliases,
    }
    tally.held["organizations"] += 1
    tally.touched.add(("organizations", file.name))
    key = _once(fingerprint(file.name, "organization", told.name), times)
    return Item(key, as_json(payload), None, f"{file.name}:{told.place}", "organizations")


def _once(key: str, times: Counter[str]) -> str:
    times[key] += 1
    return key if times[key] == 1 else f"{key}#{times[key]}"


def _reject(file: _File, flaw: Flaw, tally: _Tally) -> Iterator[Reject]:
    """Each thing that is wrong at a place is told once."""
    name = "organizations" if flaw.of_organizations else "people"
    known = (name, f"{file.name}:{flaw.place}", flaw.what)
    tally.touched.add((name, file.name))
    if known not in tally.flaws:
        tally.flaws.add(known)
        yield Reject(known[1], flaw.what, "", "" if name == "people" else name)


def _has_opted_out(value: str, opted_out: set[str]) -> bool:
    """Whether somebody's SHA-256 is in the list, in any of the spellings in which they could have made it."""
    spellings = {value, value.lower()}
    spellings |= {one.replace("@", "!") for one in spellings} | {one.replace(" ", "") for one in spellings}
    return any(hashlib.sha256(one.encode("utf-8", "replace")).hexdigest() in opted_out for one in spellings)
