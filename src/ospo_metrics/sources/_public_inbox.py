"""Mail in git, as public-inbox keeps it: a message a commit, in one repository (v1) or in epochs (v2)."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from ospo_metrics.sources._archive import FormatError, News, Part, PartError
from ospo_metrics.sources._git_commands import (
    ALONE,
    FETCH,
    LOOK_ONLY,
    git_environment,
    last_line,
    run_git,
    safe_name,
)
from ospo_metrics.sources._mailbox import KEPT_OF_A_MESSAGE, NO_SEPARATOR, Piece

COMMITS_AT_ONCE = 5_000
MOST_EPOCHS = 200
_CHANGE = re.compile(rb":\d+ (\d+) ([0-9a-f]+) ([0-9a-f]+) ([AMDT])\t(.+)")
_REMOVED = "the archive itself removed this message"


@dataclass(frozen=True, slots=True)
class _Change:
    """What a commit did: it brought the message in a blob, or removed one."""

    commit: str
    blob: str
    removes: bool


def repositories(folder: Path) -> list[Path]:
    """The repositories of a public-inbox in the order of their epochs: itself, or those in it or its `git`."""
    if _is_repository(folder):
        return [folder]
    inner = [
        path
        for place in (folder / "git", folder)
        if place.is_dir()
        for path in place.glob("*.git")
        if path.is_dir()
    ]
    numbered = {int(path.stem): path for path in inner if path.stem.isdigit() and _is_repository(path)}
    return [numbered[number] for number in sorted(numbered)]


def version(repository: Path) -> str:
    """Which of the two layouts a repository has, as its newest commit shows."""
    names = run_git(("ls-tree", "--name-only", "HEAD"), repository, _alone(repository)).stdout.split()
    return "public-inbox v2" if names in ([b"m"], [b"d"]) else "public-inbox v1"


def part(repository: Path, name: str) -> Part:
    """A repository of which only commits that were not read yet are read."""
    return Part(name, partial(_news, repository, name))


def copies(url: str, workspace: Path) -> list[Path]:
    """Copies of the repositories at a URL, brought up to date: its own, or its epochs 0, 1, 2 and so on.

    Raises `FormatError` where there is none.
    """
    base = url.rstrip("/")
    found = [_copy(base, workspace)] if _answers(base) else []
    for pattern in ("{}/{}", "{}/git/{}.git"):
        for number in range(MOST_EPOCHS if not found or len(found) > 1 else 0):
            epoch = pattern.format(base, number)
            if not _answers(epoch):
                break
            found.append(_copy(epoch, workspace))
        if found:
            return found
    raise FormatError(f"there is no git repository at {url}, nor at {base}/0")


def _answers(url: str) -> bool:
    folder = Path(tempfile.gettempdir())
    done = run_git(("ls-remote", "--heads", url), folder, git_environment(FETCH, folder))
    return done.returncode == 0 and bool(done.stdout)


def _copy(url: str, workspace: Path) -> Path:
    folder = workspace / "private" / "git" / f"{safe_name(url)}.git"
    folder.mkdir(parents=True, exist_ok=True)
    environment = git_environment(FETCH, folder)
    commands: list[tuple[str, ...]] = [] if (folder / "HEAD").is_file() else [("init", "--quiet", "--bare")]
    commands.append(
        ("fetch", "--quiet", "--prune", "--force", "--no-tags", url, "+refs/heads/*:refs/heads/*")
    )
    for command in commands:
        done = run_git(command, folder, environment)
        if done.returncode:
            raise FormatError(f"{url} could not be fetched: {last_line(done.stderr)}")
    heads = run_git(
        ("for-each-ref", "--format=%(refname)", "refs/heads"), folder, _alone(folder)
    ).stdout.decode()
    names = heads.split()
    head = next((name for name in ("refs/heads/master", "refs/heads/main") if name in names), *names[:1])
    run_git(("symbolic-ref", "HEAD", head), folder, _alone(folder))
    return folder


def _is_repository(folder: Path) -> bool:
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()


def _alone(folder: Path) -> dict[str, str]:
    return git_environment(LOOK_ONLY, folder) | ALONE


def _news(repository: Path, name: str, before: Mapping[str, Any]) -> Iterator[News]:
    environment = _alone(repository)

    def ask(*command: str, given: bytes = b"") -> bytes:
        done = run_git(command, repository, environment, given)
        if done.returncode:
            raise PartError(f"the repository cannot be read: {last_line(done.stderr)}")
        return done.stdout

    tip = ask("rev-parse", "--verify", "HEAD").decode().strip()
    known = before.get("tip")
    if known == tip:
        return
    goes_on = (
        bool(known)
        and not run_git(("merge-base", "--is-ancestor", str(known), tip), repository, environment).returncode
    )
    revisions = [tip, f"^{known}"] if goes_on else [tip]
    changes = list(
        _changes(
            ask(
                "log",
                "--reverse",
                "--raw",
                "--no-abbrev",
                "--no-renames",
                "--root",
                "--format=%H",
                *revisions,
            )
        )
    )
    added = {change.blob for change in changes if not change.removes}
    removed = {change.blob for change in changes if change.removes}
    here = [change for change in changes if not (change.removes and change.blob in added)]
    for start in range(0, len(here), COMMITS_AT_ONCE) or (0,):
        portion = here[start : start + COMMITS_AT_ONCE]
        is_last = start + COMMITS_AT_ONCE >= len(here)
        yield News(
            {"tip": tip if is_last else portion[-1].commit},
            _messages(repository, environment, name, portion, removed),
            adds=goes_on or start > 0,
        )


def _changes(log: bytes) -> Iterator[_Change]:
    commit = ""
    for line in log.split(b"\n"):
        if not line.startswith(b":"):
            commit = line.decode() or commit
        elif found := _CHANGE.match(line):
            _, old, new, status, path = found.groups()
            if status == b"D":
                if path not in (b"m", b"d"):
                    yield _Change(commit, old.decode(), removes=True)
            else:
                yield _Change(commit, new.decode(), removes=path == b"d")


def _messages(
    repository: Path, environment: Mapping[str, str], name: str, changes: list[_Change], removed: set[str]
) -> Iterator[tuple[str, Piece]]:
    """The messages of some commits; one that the archive removed again is named as that."""
    wanted = [change for change in changes if not change.removes and change.blob not in removed]
    with tempfile.TemporaryFile() as asked:
        asked.write(b"".join(b"%s\n" % change.blob.encode() for change in wanted))
        asked.seek(0)
        process = subprocess.Popen(
            ["git", "cat-file", "--batch"],
            cwd=repository,
            env=dict(environment),
            stdin=asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with process:
            assert process.stdout is not None  # noqa: S101 - asked for above
            try:
                for change in changes:
                    place = f"{name}/{change.blob}:0"
                    if change.removes:
                        yield (
                            f"{name}/{change.commit}:0",
                            Piece(0, NO_SEPARATOR, b"", 0, f"{_REMOVED}; it was read before"),
                        )
                    elif change.blob in removed:
                        yield place, Piece(0, NO_SEPARATOR, b"", 0, _REMOVED)
                    else:
                        yield place, _piece(process.stdout)
            finally:
                process.kill()


def _piece(stream: BinaryIO | Any) -> Piece:
    head = stream.readline().split()
    if len(head) < 3:
        return Piece(0, NO_SEPARATOR, b"", 0, "the message is missing in this copy of the repository")
    size = int(head[2])
    text = stream.read(min(size, KEPT_OF_A_MESSAGE))
    left = size - len(text)
    while left > 0 and (passed := stream.read(min(left, 1 << 20))):
        left -= len(passed)
    stream.read(1)
    return Piece(0, NO_SEPARATOR, text, size)
