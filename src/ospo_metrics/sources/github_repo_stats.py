"""Traffic of a repository as the tool github-repo-stats kept it in CSV files, for whoever moves over from it.

The files are described at https://github.com/jgehrcke/github-repo-stats. Nightly it reads GitHub's last 14 days,
adds them to `views_clones_aggregate.csv` (the largest number of each day), and keeps the lists of referrers and paths.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import partial
from pathlib import Path
from typing import Any, TextIO

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
    as_json,
)
from ospo_metrics.paths import expand, is_url, within

NAME = "github_repo_stats"
STREAMS = (Stream("traffic", versions=True), Stream("counts", versions=True))

FILES_A_CHECKPOINT = 100
"""There are two small files for each night of years; to read some of them twice costs less than to note each."""

_GITHUB_BEGAN = datetime(2008, 1, 1, tzinfo=UTC)
_READ_AT = re.compile(r"(\d{4}-\d\d-\d\d_\d{6})_")
_FORMER_NAMES = {
    "referrers": "referrer",
    "path": "url_path",
    "count_total": "views_total",
    "count_unique": "views_unique",
}
"""What older releases of the tool called their columns."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where the tool keeps its files of one repository."""

    location: str


def instances(settings: Any, workspace: Path) -> list[Instance]:
    """One folder for each `[[sources.github_repo_stats]]`; a second one of a project is told apart by its location."""
    del workspace
    times: Counter[str] = Counter()
    found: list[Instance] = []
    for one in settings.sources.github_repo_stats:
        times[one.project] += 1
        name = one.project if times[one.project] == 1 else f"{one.project} ({one.location})"
        found.append(Instance(name, one.project, Folder(one.location)))
    return found


def read(instance: Instance, stream: str, context: Context) -> Iterator[Handed]:
    """Hand over what stands in every file that is new or has changed.

    Every number, list or broken row ends as an item or as a reject, so that they add up to the claim. A file that
    was read and is gone stays in the claim, for the tool deletes fragments once they are in the aggregate. The claim
    does not say until when anything was observed: a folder that is no longer written holds nobody else back.
    """
    folder = _folder(instance, context.workspace)
    files: dict[str, dict[str, int]] = dict(context.cursor.get("files", {}))
    unread, unknown, since = 0, list[str](), 0
    for kind in _KINDS[stream]:
        for path in sorted(folder.glob(kind.pattern)):
            name = within(context.workspace, path)
            found = 0
            try:
                seen = path.stat()
                mark = {"size": seen.st_size, "changed_ns": seen.st_mtime_ns}
                if mark.items() <= files.get(name, {}).items():
                    continue
                with path.open(newline="", encoding="utf-8-sig", errors="replace") as text:
                    for handed in kind.read(_Sheet(text, name, kind, context.now)):
                        found += 1
                        yield handed
            except OSError as error:
                unread += 1
                yield Reject(f"{name}:0", f"the file cannot be read: {error.strerror or error}")
                continue
            except _HeaderError as error:
                unknown.append(f"{name}, line 1: {error}")
                continue
            files[name] = {**mark, "found": found}
            since += 1
            if since % FILES_A_CHECKPOINT == 0:
                yield Checkpoint({"files": dict(files)})
    yield Checkpoint({"files": files})
    if unknown:
        more = f", and {len(unknown) - 1} more files are like it" if len(unknown) > 1 else ""
        raise SourceError(
            f"github-repo-stats of '{instance.id}': {unknown[0]}{more}. "
            "Put the file right, or take it out of the folder."
        )
    how = {
        "traffic": "days of views, days of clones, and lists of referrers and paths in the files",
        "counts": "counts of stars and forks in the files",
    }[stream]
    yield Claim(
        unread + sum(file["found"] for file in files.values()),
        how + (f", and {unread} files that cannot be read" if unread else ""),
    )


def _folder(instance: Instance, workspace: Path) -> Path:
    location = instance.options.location
    what = f"github-repo-stats of '{instance.id}': {location}"
    advice = (
        "Name the folder that the tool calls ghrs-data, with views_clones_aggregate.csv or snapshots/ in it, "
        "as 'location' in ospo.toml."
    )
    if is_url(location):
        raise SourceError(f"{what} is a web address, and the files are read from disk. Clone it. {advice}")
    folders = [path for path in expand(workspace, location) if path.is_dir()]
    if not folders:
        raise SourceError(f"{what} is no folder. {advice}")
    if not any(next(folders[0].glob(kind.pattern), None) for kinds in _KINDS.values() for kind in kinds):
        raise SourceError(f"{what} has none of the tool's files. {advice}")
    return folders[0]


class _HeaderError(Exception):
    """A file does not begin with the header that its name promises; the text says what was expected."""


class _RowError(Exception):
    """A row, or a part of it, cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of file: how it is called, how it begins, and who reads it."""

    pattern: str
    columns: tuple[str, ...]
    read: Callable[[_Sheet], Iterator[Item | Reject]]


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a file."""

    cells: Mapping[str, str]
    location: str


class _Sheet:
    """One CSV file, a line at a time, so that a quote that is never closed spoils its own line only."""

    def __init__(self, text: TextIO, name: str, kind: _Kind, now: datetime) -> None:
        self._text = text
        self._kind = kind
        self._times: Counter[str] = Counter()
        self.name = name
        self.now = now

    @property
    def read_at(self) -> datetime | None:
        """When the tool read GitHub, where the name of the file says it."""
        found = _READ_AT.match(self.name.rpartition("/")[2])
        try:
            return datetime.strptime(found[1], "%Y-%m-%d_%H%M%S").replace(tzinfo=UTC) if found else None
        except ValueError:
            return None

    def each(self, parse: Callable[[_Row], Iterable[Item]]) -> Iterator[Item | Reject]:
        """What is made of every line that is not blank; a line that cannot be used is a reject."""
        header = self._header()
        for number, line in enumerate(self._text, 2):
            if not (line := line.rstrip("\r\n")).strip():
                continue
            location = f"{self.name}:{number}"
            try:
                yield from parse(_Row(_cells(line, header), location))
            except _RowError as error:
                yield Reject(location, str(error), line[:200])

    def key(self, beginning: str) -> str:
        """A key with the file in it, so that what two files say of one day is kept beside each other."""
        key = f"{beginning} {self.name.rpartition('/')[2]}"
        self._times[key] += 1
        return key if self._times[key] == 1 else f"{key} {self._times[key]}"

    def _header(self) -> list[str]:
        line = self._text.readline().rstrip("\r\n")
        header = [_FORMER_NAMES.get(name.strip(), name.strip()) for name in line.split(",")]
        if sorted(header) != sorted(self._kind.columns):
            found = f"it begins with {line[:120]!r}" if line.strip() else "it has no header"
            raise _HeaderError(f"{found}, and a header with {', '.join(self._kind.columns)} was expected")
        return header


def _days(sheet: _Sheet) -> Iterator[Item | Reject]:
    """The views and the clones of each day, as GitHub tells them; an empty cell is what GitHub did not tell."""
    read_at = sheet.read_at

    def parse(row: _Row) -> Iterator[Item]:
        day = _instant(row, min(read_at or sheet.now, sheet.now))
        if day.time() != time():
            raise _RowError(f"time_iso8601 {row.cells['time_iso8601']!r} is not the beginning of a UTC day")
        problems = []
        for kind in ("views", "clones"):
            try:
                counts = _counts(row, f"{kind}_total", f"{kind}_unique")
            except _RowError as error:
                problems.append(str(error))
                continue
            if counts:
                payload = {"kind": kind, "timestamp": _written(day), **counts}
                if read_at:
                    payload["asOf"] = _written(read_at)
                yield Item(sheet.key(f"{kind} {day.date()}"), as_json(payload), day, row.location)
        if problems:
            raise _RowError("; ".join(problems))

    yield from sheet.each(parse)


def _list(sheet: _Sheet, kind: str, column: str, called: str) -> Iterator[Item | Reject]:
    """One list of names with their views in the 14 days before the tool read it."""
    if not (read_at := sheet.read_at) or not _GITHUB_BEGAN <= read_at <= sheet.now:
        yield Reject(
            f"{sheet.name}:0",
            "the name of the file has to begin with when the list was read, such as 2026-11-22_033000_",
        )
        return
    names: list[dict[str, Any]] = []

    def parse(row: _Row) -> Iterable[Item]:
        counts = _counts(row, "views_total", "views_unique")
        if not counts or not row.cells[column].strip():
            raise _RowError(f"a cell is empty, and {column}, views_total and views_unique are needed")
        names.append({called: row.cells[column], **counts})
        return ()

    rejects = list(sheet.each(parse))
    yield from rejects
    if names or not rejects:
        payload = {"kind": kind, "asOf": _written(read_at), "list": names}
        yield Item(f"{kind} {_written(read_at)}", as_json(payload), read_at, f"{sheet.name}:1")


def _cumulative(sheet: _Sheet, kind: str, column: str) -> Iterator[Item | Reject]:
    """How many stars or forks there were in all, at each instant of the file."""

    def parse(row: _Row) -> Iterator[Item]:
        at = _instant(row, sheet.now)
        payload = {"kind": kind, "timestamp": _written(at), "count": _count(row, column)}
        yield Item(sheet.key(f"{kind} {_written(at)}"), as_json(payload), at, row.location)

    yield from sheet.each(parse)


_PER_DAY = ("time_iso8601", "clones_total", "clones_unique", "views_total", "views_unique")
_REFERRERS = ("referrer", "views_total", "views_unique")
_PATHS = ("url_path", "views_total", "views_unique")
_STARS = ("time_iso8601", "stars_cumulative")
_SNAPSHOTS = ("time_iso8601", "stargazers_cumulative_snapshot")
_FORKS = ("time_iso8601", "forks_cumulative")

_read_referrers = partial(_list, kind="referrers", column="referrer", called="referrer")
_read_paths = partial(_list, kind="paths", column="url_path", called="path")
_read_stars = partial(_cumulative, kind="stars", column="stars_cumulative")
_read_snapshots = partial(_cumulative, kind="stars", column="stargazers_cumulative_snapshot")
_read_forks = partial(_cumulative, kind="forks", column="forks_cumulative")

_KINDS = {
    "traffic": (
        _Kind("views_clones_aggregate.csv", _PER_DAY, _days),
        _Kind("snapshots/*_views_clones_series_fragment.csv", _PER_DAY, _days),
        _Kind("snapshots/*_top_referrers_snapshot.csv", _REFERRERS, _read_referrers),
        _Kind("snapshots/*_top_paths_snapshot.csv", _PATHS, _read_paths),
    ),
    "counts": (
        _Kind("stars.csv", _STARS, _read_stars),
        _Kind("stargazers.csv", _STARS, _read_stars),
        _Kind("stars-snapshots.csv", _SNAPSHOTS, _read_snapshots),
        _Kind("stargazer-snapshots.csv", _SNAPSHOTS, _read_snapshots),
        _Kind("forks.csv", _FORKS, _read_forks),
    ),
}
"""The names of the tool's own test data are known too: stars.csv and stars-snapshots.csv."""


def _cells(line: str, header: list[str]) -> dict[str, str]:
    try:
        cells = next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise _RowError(f"no CSV: {error}") from None
    if len(cells) != len(header):
        raise _RowError(f"{len(cells)} columns, where the header has {len(header)}")
    return dict(zip(header, cells, strict=True))


def _instant(row: _Row, latest: datetime) -> datetime:
    """The time of a row in UTC, which is also meant where no zone is written."""
    text = row.cells["time_iso8601"].strip()
    try:
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _RowError(f"time_iso8601 {text[:40]!r} is no time such as 2026-11-22 00:00:00+00:00") from None
    if not _GITHUB_BEGAN <= at <= latest:
        raise _RowError(
            f"time_iso8601 {text!r} lies {'after the file was written' if at > latest else 'before GitHub'}"
        )
    return at


def _counts(row: _Row, total: str, unique: str) -> dict[str, int]:
    """Total and unique, called as GitHub calls them; nothing where both cells are empty."""
    if not row.cells[total].strip() and not row.cells[unique].strip():
        return {}
    found = {"count": _count(row, total), "uniques": _count(row, unique)}
    if found["uniques"] > found["count"]:
        raise _RowError(f"{unique} {found['uniques']} is more than {total} {found['count']}")
    return found


def _count(row: _Row, column: str) -> int:
    """A whole number; pandas, with which the tool writes, puts .0 behind it where another cell was empty."""
    text = row.cells[column].strip()
    if not (found := re.fullmatch(r"(\d{1,15})(?:\.0*)?", text, re.ASCII)):
        raise _RowError(f"{column} {text[:40]!r} is no count")
    return int(found[1])


def _written(at: datetime) -> str:
    """An instant as GitHub writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
