"""Erasing a person: from the log, from what was made of it, and from what comes in later."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import shutil
import subprocess
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from ospo_metrics import proposals, transform
from ospo_metrics.erasure import Eraser, Named
from ospo_metrics.identities import login_of
from ospo_metrics.paths import expand, is_url, within
from ospo_metrics.pseudonyms import normalise, pseudonym
from ospo_metrics.rewriting import Changes, Rewritten, changes, rewrite
from ospo_metrics.settings import Workspace
from ospo_metrics.sources._tables import decoded
from ospo_metrics.tombstones import IN_ONE_PLACE, Scrub, kept_names, keyed, mark, stand_in
from ospo_metrics.warehouse import open_warehouse

_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\[bot\])?")


class EraseError(Exception):
    """Nobody can be erased as it was asked; the sentence says what to write instead."""


@dataclass(frozen=True)
class Wanted:
    """Who is to be erased: the identities that were given, and others that are the same person's with the rule."""

    given: frozenset[Named]
    linked: tuple[tuple[Named, str], ...] = ()
    rows: dict[str, int] = field(default_factory=dict)
    namesakes: tuple[str, ...] = ()
    """What bears the same name in one place and may be theirs or somebody else's, as `--name` takes it."""

    @property
    def all(self) -> frozenset[Named]:
        return self.given | {named for named, _ in self.linked}


@dataclass(frozen=True)
class Erased:
    """What an erasure did, without saying whose."""

    rows: Rewritten
    tombstones: int
    taken_away: tuple[str, ...]
    by_hand: tuple[str, ...]


def given(emails: Iterable[str], handles: Iterable[str], names: Iterable[str] = ()) -> frozenset[Named]:
    """The identities that somebody names on the command line; `EraseError` where one is none."""
    found = set()
    for email in emails:
        if not _ADDRESS.fullmatch(email.strip()):
            raise EraseError(f"{email!r} is no e-mail address. Write for example: --email ada@example.org")
        found.add(Named("address", normalise("address", email)))
        if login := login_of(email):  # GitHub's own rule: such an address is that account's
            found.add(Named("login", login))
    for handle in handles:
        if not _LOGIN.fullmatch(handle.strip().removeprefix("@")):
            raise EraseError(f"{handle!r} is no handle on GitHub. Write for example: --handle ada")
        found.add(Named("login", normalise("login", handle).removeprefix("@")))
    for name in names:
        kind, mark, value = name.partition(":")
        if kind not in IN_ONE_PLACE.values() or not mark or " " not in value.strip():
            raise EraseError(
                f"{name!r} is no name in one place. Write for example: --name 'speaker:fosdem-2026 4711', with "
                f"{', '.join(sorted(IN_ONE_PLACE.values()))} before the colon and the place after it."
            )
        found.add(Named(kind, normalise(kind, value)))
    if not found:
        raise EraseError("say who: --email ada@example.org or --handle ada; both may be repeated.")
    return frozenset(found)


def look(workspace: Workspace, named: frozenset[Named], *, only: bool) -> Wanted:
    """Who is meant, and in how many rows of the log they are named; nothing is changed."""
    if not workspace.warehouse.is_file():
        raise EraseError(f"nobody is held: nothing was collected into {workspace.folder} yet.")
    key = transform.ensure_key(workspace)
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        linked = () if only else _linked(connection, named, key)
        wanted = Wanted(named, linked)
        scrub = _scrub(connection, wanted.all, key)
        found = changes(connection, keyed(wanted.all, key), scrub)
        namesakes = _namesakes(connection, wanted.all)
    return Wanted(named, linked, {table: len(rows) for table, rows in found.items()}, namesakes)


def erase(workspace: Workspace, wanted: Wanted) -> Erased:
    """Take these people out of the log and out of everything that was made of it, and leave their tombstones.

    It may be killed at any instant and done again: the log is exchanged as a whole, with the tombstones in it.
    """
    key = transform.ensure_key(workspace)
    named = keyed(wanted.all, key)
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        eraser = Eraser(named, stand_in(key), kept_names(connection))

    def found(connection: duckdb.DuckDBPyConnection) -> Changes:
        scrub = _scrub(connection, wanted.all, key, "old.", eraser.numbers)
        return changes(connection, named, scrub, "old.")

    marks = sorted({(mark(key, one), one.kind) for one in wanted.all})
    told = rewrite(workspace.warehouse, found, eraser, marks)
    return Erased(told, len(marks), tuple(_clear(workspace, wanted.all)), tuple(_left(workspace, wanted.all)))


def _scrub(
    connection: duckdb.DuckDBPyConnection,
    named: frozenset[Named],
    key: bytes,
    catalog: str = "",
    numbers: set[str] | None = None,
) -> Scrub:
    wanted = keyed(named, key)
    return Scrub(
        connection,
        lambda found: wanted & frozenset(found),
        stand_in(key),
        kept_names(connection, catalog),
        {one.kind for one in named},
        set() if numbers is None else numbers,
    )


def _linked(
    connection: duckdb.DuckDBPyConnection, named: frozenset[Named], key: bytes
) -> tuple[tuple[Named, str], ...]:
    """The other identities of the same persons, as the last build resolved them, with the rule that says so.

    An identity may be known by its pseudonym only, from a sheet of the team's.
    """
    columns = {
        name
        for (name,) in connection.execute(
            "select column_name from duckdb_columns() where schema_name = 'intermediate' "
            "and table_name = 'int_identities'"
        ).fetchall()
    }
    if not {"kind", "value", "identity_id", "person_id"} <= columns:
        return ()
    rule = "rule" if "rule" in columns else "null"
    found = set()
    for one in sorted(named, key=lambda one: (one.kind, one.value)):
        rows = connection.execute(
            f"select kind, value, identity_id, {rule} from intermediate.int_identities where person_id in "  # noqa: S608
            "(select person_id from intermediate.int_identities where (kind = $1 and lower(trim(value)) = $2) or "
            "identity_id = $3)",
            [one.kind, one.value, pseudonym(key, one.kind, one.value)],
        ).fetchall()
        # What a private sheet alone tells of has no value, only its pseudonym.
        found |= {
            (
                Named("pseudonym", known) if value is None else Named(kind, normalise(kind, value)),
                str(why or ""),
            )
            for kind, value, known, why in rows
        }
    mine = keyed(named, key)
    others = {one: rule for one, rule in found if one not in mine}
    return tuple(sorted(others.items(), key=lambda one: (one[0].kind, one[0].value)))


def _namesakes(connection: duckdb.DuckDBPyConnection, named: frozenset[Named]) -> tuple[str, ...]:
    """Who is known in one place by the name of one of these, and is not linked to them: a name alone ties nobody."""
    if not connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'intermediate' and table_name = 'int_identity_mentions'"
    ).fetchone():
        return ()
    mentions = "intermediate.int_identity_mentions"
    found = set()
    for one in named:
        rows = connection.execute(
            f"select kind, value from {mentions} where kind in (select unnest($1::varchar[])) "  # noqa: S608
            f"and lower(name) in (select lower(name) from {mentions} where kind = $2 and lower(value) = $3)",
            [list(IN_ONE_PLACE.values()), one.kind, one.value],
        ).fetchall()
        found |= {
            f"{kind}:{value}" for kind, value in rows if Named(kind, normalise(kind, value)) not in named
        }
    return tuple(sorted(found))


# What was made of the log, and what is not ours to change


def _clear(workspace: Workspace, named: frozenset[Named]) -> Iterator[str]:
    """Take away what may repeat them and is made again when it is needed."""
    private = workspace.private
    for folder, why in (
        (private / "logs", "reports of unexpected errors"),
        (private / "dbt", "what dbt wrote of the last build; made again by the next one"),
        (private / "git", "copies of public repositories; fetched again by the next run"),
    ):
        if folder.is_dir() and any(folder.iterdir()):
            shutil.rmtree(folder)
            yield f"{folder.relative_to(workspace.folder)}: {why}"
    events = proposals.events_file(workspace)
    if events.is_file():
        events.unlink()
        yield f"{events.relative_to(workspace.folder)}: made again by the next build"
    sheet = proposals.people_file(workspace)
    if sheet and (count := proposals.drop(sheet, lambda row: _names("\n".join(row).encode(), named))):
        yield f"{within(workspace.folder, sheet)}: {count} rows"
    prefect = private / "prefect"
    theirs = [path for path in _files(prefect) if _names(path.read_bytes(), named)]
    for path in theirs:
        path.unlink()
        yield f"{path.relative_to(workspace.folder)}: what Prefect noted of earlier runs"


def _left(workspace: Workspace, named: frozenset[Named]) -> Iterator[str]:
    """The files of the user's own that still name them."""
    ours = (workspace.private, workspace.published)
    places = {path for path in _files(workspace.folder) if not any(path.is_relative_to(one) for one in ours)}
    sources = workspace.settings.sources
    repositories = []
    for table in ("git", "gharchive", "mailing_lists", "calendars", "feeds", "catalogues", "identities"):
        for entry in getattr(sources, table, None) or []:
            if is_url(entry.location):
                continue
            for path in expand(workspace.folder, entry.location):
                if table == "git" and path.is_dir():
                    repositories.append(path)
                places |= set(_files(path)) if path.is_dir() else {path}
    inside = [path.resolve() for path in repositories]
    for path in sorted(places):
        if any(path.resolve().is_relative_to(one) for one in inside):
            continue
        if any(_names(content, named) for content in _unpacked(path)):
            yield within(workspace.folder, path)
    for path in sorted(repositories):
        if _is_in_history(path, named):
            yield f"{within(workspace.folder, path)} (a git history, which only its owner can rewrite)"


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []


def _unpacked(path: Path) -> Iterator[bytes]:
    """What is in a file, also in one that is packed or is an archive of several."""
    try:
        content = path.read_bytes()
        openers: Sequence[tuple[bytes, Callable[[bytes], bytes]]] = (
            (b"\x1f\x8b", gzip.decompress),
            (b"BZh", bz2.decompress),
            (b"\xfd7zXZ", lzma.decompress),
        )
        for start, unpack in openers:
            if content.startswith(start):
                yield unpack(content)
                return
        if content.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                yield from (archive.read(name) for name in archive.namelist())
            return
        yield content
    except (OSError, EOFError, zipfile.BadZipFile, lzma.LZMAError):
        return


def _names(content: bytes, named: frozenset[Named]) -> bool:
    """Whether a text names one of them, as a word of its own."""
    text = " ".join(unicodedata.normalize("NFKC", decoded(content)).lower().split())
    for one in named:
        if one.kind == "pseudonym":
            continue
        value = one.value.split(" ", 1)[-1] if one.kind not in ("address", "login") else one.value
        before = r"(?<![\w.+%-])" if one.kind == "address" else r"(?<![\w-])"
        if value in text and re.search(before + re.escape(value) + r"(?![\w-])", text):
            return True
    return False


def _is_in_history(path: Path, named: frozenset[Named]) -> bool:
    try:
        done = subprocess.run(
            ["git", "-c", f"safe.directory={path}", "log", "--all", "--format=%an %ae%n%cn %ce%n%B"],
            cwd=path,
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return _names(done.stdout, named)


def certificate(wanted: Wanted, done: Erased, at: datetime, published: str) -> str:
    """What an erasure did, in lines that say nothing of who was erased."""
    tables = sorted(done.rows.changed.keys() | done.rows.deleted.keys())
    lines = [
        f"Erased on {at:%Y-%m-%d at %H:%M} UTC: {len(wanted.all)} identities of the person, {len(wanted.given)} given "
        f"and {len(wanted.linked)} linked to them.",
        "",
        "rows changed / deleted",
        *(
            f"  {table:<44} {done.rows.changed.get(table, 0):>6} / {done.rows.deleted.get(table, 0)}"
            for table in tables
        ),
        *([] if tables else ["  none: nothing that is held named them"]),
        "",
        "written anew: private/warehouse.duckdb",
        *(f"taken away: {one}" for one in done.taken_away),
        f"tombstones, which keep the next import from bringing them back: {done.tombstones}",
        published,
        "",
        *(
            ["Your own files that still name them, for you to edit:", *(f"  {one}" for one in done.by_hand)]
            if done.by_hand
            else ["None of your own files names them any more."]
        ),
        "Backups and copies that you made elsewhere are not known here.",
    ]
    return "\n".join(lines) + "\n"


def keep(workspace: Workspace, text: str, at: datetime) -> Path:
    """Put a certificate into `private/erasures`, beside those of the same day."""
    folder = workspace.private / "erasures"
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while (path := folder / (f"{at:%Y-%m-%d}" + (f"-{number}" if number > 1 else "") + ".txt")).exists():
        number += 1
    path.write_text(text, encoding="utf-8")
    return path
