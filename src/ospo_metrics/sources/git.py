"""Commits of a git repository, from its history alone: no file contents, no API."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from ospo_metrics.items import (
    Checkpoint,
    Claim,
    Context,
    Handed,
    Instance,
    Item,
    SourceError,
    Stream,
    as_json,
)
from ospo_metrics.paths import expand

NAME = "git"
STREAMS = (Stream("commits", versions=False),)

EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
"""A date before this is a clock that was never set, or one that git could not read."""

_FIELDS = ("%H", "%P", "%an", "%ae", "%ad", "%aN", "%aE", "%cn", "%ce", "%cd", "%cN", "%cE", "%B")
_TRAILER = re.compile(r"^([A-Za-z]+(?:-[A-Za-z]+)*-by):(.*)$", re.MULTILINE | re.IGNORECASE)
_PERSON = re.compile(r"([^<>]*)<([^<>]*)>.*")
_RAW_DATE = re.compile(r"(\d+) ([+-])(\d{1,7})")
_URL = re.compile(r"(?:https?|file|ssh)://", re.IGNORECASE)
_LOGIN = re.compile(r"(?<=://)[^/@\s]+@")
_OUR_COPY_IS_DAMAGED = re.compile(
    r"\.lock'|corrupt|bad object|not a git repository|not in a git directory", re.IGNORECASE
)

_NEVER_RUN = {"core.hooksPath": "/dev/null", "protocol.ext.allow": "never", "safe.directory": "*"}
_LOOK_ONLY = _NEVER_RUN | {
    "core.fsmonitor": "false",
    "i18n.logOutputEncoding": "UTF-8",
    "log.showSignature": "false",
}
_FETCH = _NEVER_RUN | {"gc.autoDetach": "false", "http.lowSpeedLimit": "1000", "http.lowSpeedTime": "60"}


@dataclass(frozen=True, slots=True)
class History:
    """Where the history of a project lies: a folder, or a URL of which a copy is kept."""

    location: str


def instances(settings: Any, workspace: Path) -> list[Instance]:
    """One history for each `[[sources.git]]`; a second one of a project is told apart by its location."""
    del workspace
    times: Counter[str] = Counter()
    found: list[Instance] = []
    for one in settings.sources.git:
        times[one.project] += 1
        name = one.project if times[one.project] == 1 else f"{one.project} ({_safe_name(one.location)})"
        found.append(Instance(name, one.project, History(one.location)))
    return found


def read(instance: Instance, stream: str, context: Context) -> Iterator[Handed]:
    """Hand over the commits that branches and tags reach now and did not reach last time."""
    del stream
    location = instance.options.location
    is_live = _URL.match(location) is not None
    try:
        if is_live:
            folder = _copy(instance.id, location, context.workspace)
        else:
            folder = _folder(instance.id, location, context.workspace)
        yield from _commits(_Repository(instance.id, folder), context, is_live=is_live)
    except FileNotFoundError as error:
        if error.filename != "git":
            raise
        raise SourceError(
            f"git history '{instance.id}': there is no program 'git' on the PATH. Install git 2.31 or newer."
        ) from None


def _commits(repository: _Repository, context: Context, *, is_live: bool) -> Iterator[Handed]:
    tips = repository.tips()
    now_there = set(tips.values())
    known = set(context.cursor.get("tips", {}).values())
    newest = _instant(context.cursor.get("newest"))
    count = repository.count(now_there)
    if not repository.has_all(known) or (
        count > context.cursor.get("count", 0) + repository.count(now_there, known)
    ):
        # What we knew was rewritten and cleaned up, or a shallow copy got its past: list everything once
        # more, the log drops what it holds.
        known, newest = set(), None
    for fields, undecodable in repository.log(now_there - known, known):
        item = _item(fields, undecodable, context.now)
        if item.updated_at and (newest is None or item.updated_at > newest):
            newest = item.updated_at
        yield item
    yield Checkpoint({"tips": tips, "newest": newest.isoformat() if newest else None, "count": count})
    how = "commits that branches and tags reach"
    if repository.is_shallow():
        how += "; the copy is shallow, so what came before is missing"
    yield Claim(count, how, context.now if is_live else min(newest, context.now) if newest else None)


def _item(fields: list[str], undecodable: int, now: datetime) -> Item:
    sha, parents, *people, message = fields
    author, committer = _person(people[:5], now), _person(people[5:], now)
    return Item(
        key=sha,
        payload=as_json(
            {
                "sha": sha,
                "parents": parents.split(),
                "is_merge": " " in parents,
                "author": author,
                "committer": committer,
                "subject": message.lstrip().partition("\n")[0][:1000],
                "trailers": _trailers(message),
                "undecodable_characters": undecodable,
            }
        ),
        updated_at=_instant(committer["date"]),
        location=sha,
    )


def _person(fields: list[str], now: datetime) -> dict[str, Any]:
    name, email, raw, mapped_name, mapped_email = fields
    date, offset, problem = _date(raw, now)
    return {
        "name": name,
        "email": email,
        "mapped_name": mapped_name,
        "mapped_email": mapped_email,
        "date": date,
        "offset_minutes": offset,
        "date_raw": raw,
        "date_problem": problem,
    }


def _date(raw: str, now: datetime) -> tuple[str | None, int | None, str | None]:
    """An instant with its offset as ISO text, the offset in minutes, and what is wrong with it.

    git shows a date that it cannot read as nothing, and one too large for it as 0.
    """
    found = _RAW_DATE.fullmatch(raw)
    if found is None:
        return None, None, "unparsable" if raw else "missing"
    hours, minutes = divmod(int(found[3]), 100)
    offset: int | None = (hours * 60 + minutes) * (-1 if found[2] == "-" else 1)
    if offset is None or abs(offset) > 18 * 60:
        offset = None
    try:
        at = datetime.fromtimestamp(int(found[1]), timezone(timedelta(minutes=offset)) if offset else UTC)
    except (ValueError, OverflowError, OSError):
        return None, offset, "future"
    if at < EARLIEST:
        return None, offset, "before 1970-01-02"
    if at > now + timedelta(days=1):
        return None, offset, "future"
    return at.isoformat(), offset, None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _trailers(message: str) -> list[dict[str, str | None]]:
    """Every "…-by:" line, wherever it stands: a squashed commit has those of its parts in the middle."""
    if "-by:" not in message and "-By:" not in message:
        return []
    found: dict[tuple[str, str], dict[str, str | None]] = {}
    for key, value in _TRAILER.findall(message):
        kind, person = key.lower(), _PERSON.fullmatch(value)
        name, email = (person[1].strip(), person[2].strip()) if person else (value.strip(), None)
        if name or email:
            found.setdefault((kind, email or name), {"key": kind, "name": name, "email": email})
    return list(found.values())


class _Repository:
    """A git repository that is only looked at: nothing of it is run, and nothing is fetched."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._folder = folder
        self._environment = _environment(_LOOK_ONLY, folder) | _ALONE

    def tips(self) -> dict[str, str]:
        """Where branches, remote branches, tags and HEAD point; not notes, stashes and a host's own refs."""
        places = ("refs/heads", "refs/remotes", "refs/tags")
        lines = self._run("for-each-ref", "--format=%(objectname) %(refname)", *places)
        parts = [line.partition(" ") for line in lines.decode("utf-8", "replace").splitlines()]
        tips = {ref: sha for sha, _, ref in parts}
        head = self._run("rev-parse", "--verify", "--quiet", "HEAD", may_fail=True).decode().strip()
        return tips | ({"HEAD": head} if head else {})

    def has_all(self, names: set[str]) -> bool:
        """Whether every one of these objects is still here."""
        answer = self._run("cat-file", "--batch-check", given=_lines(names), may_fail=True) if names else b""
        return sum(not line.endswith(b" missing") for line in answer.splitlines()) == len(names)

    def count(self, tips: set[str], known: Iterable[str] = ()) -> int:
        """How many commits can be reached from these and not from those."""
        return int(self._run("rev-list", "--count", "--stdin", given=_revisions(tips, known))) if tips else 0

    def is_shallow(self) -> bool:
        return self._run("rev-parse", "--is-shallow-repository").strip() == b"true"

    def log(self, tips: set[str], known: set[str]) -> Iterator[tuple[list[str], int]]:
        """The fields of each commit, and how many characters of it are not UTF-8, in one pass."""
        if not tips:
            return
        command = ["log", "--stdin", "-z", "--date=raw", "--format=tformat:" + "%x00".join(_FIELDS)]
        with tempfile.TemporaryFile() as revisions, tempfile.TemporaryFile() as complaints:
            revisions.write(_revisions(tips, known))
            revisions.seek(0)
            process = subprocess.Popen(
                ["git", *self._mailmap(), *command],
                cwd=self._folder,
                env=self._environment,
                stdin=revisions,
                stdout=subprocess.PIPE,
                stderr=complaints,
            )
            with process:
                output = process.stdout
                assert output is not None  # noqa: S101 - asked for above
                try:
                    complete = yield from _records(iter(lambda: output.read(1 << 18), b""), len(_FIELDS))
                except BaseException:
                    process.kill()
                    raise
            if process.returncode or not complete:
                complaints.seek(0)
                raise SourceError(self._sentence(complaints.read()))

    def _mailmap(self) -> list[str]:
        """Leave a bare repository's mailmap aside where its text did not come along with the history."""
        there = self._run("cat-file", "-e", "HEAD:.mailmap", may_fail=True, answer="0")
        return [] if there == b"0" else ["-c", "mailmap.blob="]

    def _run(self, *command: str, given: bytes = b"", may_fail: bool = False, answer: str = "") -> bytes:
        done = _git(command, self._folder, self._environment, given)
        if done.returncode and not may_fail:
            raise SourceError(self._sentence(done.stderr))
        return answer.encode() if answer and not done.returncode else done.stdout

    def _sentence(self, complaint: bytes) -> str:
        return (
            f"git history '{self._name}': {self._folder} cannot be read: {_last_line(complaint)}. "
            "Check it with 'git fsck', and 'location' in ospo.toml."
        )


def _records(chunks: Iterable[bytes], width: int) -> Generator[tuple[list[str], int], None, bool]:
    """Records of `width` fields, each ended by NUL, which no commit can contain; true if none was cut off."""
    waiting: list[bytes] = []
    rest = b""
    for chunk in chunks:
        *done, rest = (rest + chunk).split(b"\0")
        waiting += done
        whole = len(waiting) // width * width
        for start in range(0, whole, width):
            raw = b"\0".join(waiting[start : start + width])
            try:
                yield raw.decode("utf-8").split("\0"), 0
            except UnicodeDecodeError:
                text = raw.decode("utf-8", "replace")
                yield text.split("\0"), text.count("\ufffd")
        waiting = waiting[whole:]
    return not waiting and not rest


def _revisions(tips: Iterable[str], known: Iterable[str]) -> bytes:
    return _lines([*sorted(tips), *(f"^{name}" for name in sorted(known))])


def _lines(names: Iterable[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()


def _folder(name: str, location: str, workspace: Path) -> Path:
    found = [path for path in expand(workspace, location) if path.is_dir()]
    if len(found) != 1:
        raise SourceError(
            f"git history '{name}': {location} is no folder. Check 'location' in ospo.toml; "
            "it is the folder of one repository, or its URL."
        )
    folder = found[0].resolve()
    done = _git(("rev-parse", "--git-dir"), folder, _environment(_LOOK_ONLY, folder) | _ALONE)
    if done.returncode:
        raise SourceError(
            f"git history '{name}': {location} is not a git repository: {_last_line(done.stderr)}. "
            "Check 'location' in ospo.toml."
        )
    return folder


def _copy(name: str, url: str, workspace: Path) -> Path:
    """A bare copy without file contents, brought up to date; the login in a URL is not kept in it."""
    folder = workspace / "private" / "git" / f"{_safe_name(url)}.git"
    try:
        _fetch(url, folder)
    except _GitError as error:
        if not (folder.exists() and _OUR_COPY_IS_DAMAGED.search(str(error))):
            raise SourceError(_cannot_fetch(name, url, error)) from None
        shutil.rmtree(folder)
        try:
            _fetch(url, folder)
        except _GitError as again:
            raise SourceError(_cannot_fetch(name, url, again)) from None
    return folder


def _cannot_fetch(name: str, url: str, error: Exception) -> str:
    return (
        f"git history '{name}': {_LOGIN.sub('', url)} could not be fetched: {error}. "
        "Check 'location' in ospo.toml, the network, and whether the repository asks for a login."
    )


class _GitError(Exception):
    """What git said last, without logins."""


def _fetch(url: str, folder: Path) -> None:
    public = _LOGIN.sub("", url)
    folder.mkdir(parents=True, exist_ok=True)
    settings = _FETCH if public == url else _FETCH | {f"url.{url}.insteadOf": public}
    environment = _environment(settings, folder)

    def git(*command: str) -> str:
        done = _git(command, folder, environment)
        if done.returncode:
            raise _GitError(_last_line(done.stderr))
        return done.stdout.decode("utf-8", "replace")

    if not (folder / "HEAD").is_file():
        git("init", "--quiet", "--bare")
    for key, value in (
        ("remote.origin.url", public),
        ("remote.origin.promisor", "true"),
        ("remote.origin.partialclonefilter", "blob:none"),
        ("extensions.partialClone", "origin"),
        ("core.repositoryformatversion", "1"),
    ):
        git("config", key, value)
    wanted = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
    git("fetch", "--quiet", "--prune", "--force", "--no-tags", "--filter=blob:none", "origin", *wanted)
    head = re.match(r"ref: (refs/heads/\S+)\t", git("ls-remote", "--symref", "origin", "HEAD"))
    if head:
        git("symbolic-ref", "HEAD", head[1])
    if head and git("ls-tree", "HEAD", ".mailmap"):
        git("cat-file", "-e", "HEAD:.mailmap")


_ALONE = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
}
"""Nothing but the repository itself decides what is read: no network, no settings of this machine."""


def _environment(settings: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment of a git command: no questions, plain English, and only the repository in `folder`."""
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith("GIT_") or k.startswith(("GIT_SSL", "GIT_SSH"))
    }
    kept.pop("SSH_ASKPASS", None)
    numbered = list(enumerate(settings.items()))
    return (
        {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}
        | kept
        | {
            "LC_ALL": "C",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "http:https:file:ssh",
            "GIT_CEILING_DIRECTORIES": str(folder.resolve().parent),
            "GIT_CONFIG_COUNT": str(len(numbered)),
        }
        | {f"GIT_CONFIG_KEY_{number}": key for number, (key, _) in numbered}
        | {f"GIT_CONFIG_VALUE_{number}": value for number, (_, value) in numbered}
    )


def _git(
    command: Iterable[str], folder: Path, environment: Mapping[str, str], given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["git", *command], cwd=folder, env=environment, input=given, capture_output=True, check=False
    )


def _last_line(complaint: bytes) -> str:
    lines = [line for line in complaint.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("fatal:", "error:"))]
    text = (errors or lines or ["git gave no reason"])[0 if errors else -1]
    return _LOGIN.sub("", text.removeprefix("fatal: ").removeprefix("error: ").rstrip(". "))


def _safe_name(location: str) -> str:
    public = _LOGIN.sub("", location)
    plain = re.sub(r"[^a-z0-9]+", "-", _URL.sub("", public).lower().removesuffix(".git")).strip("-")
    return f"{plain[-60:].strip('-')}-{hashlib.sha256(public.encode()).hexdigest()[:8]}"
