"""Bare git repositories, written with `git fast-import`, so that object ids are the same every time."""

from __future__ import annotations

import os
import subprocess
import tempfile
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ospo_metrics.simulation import plan
from ospo_metrics.simulation.happenings import Commit, Conversation, Happenings
from ospo_metrics.simulation.people import Person, ascii_of
from ospo_metrics.simulation.plan import Repository
from ospo_metrics.simulation.texts import PARTS

_FORGE = b"GitHub <noreply@github.com>"


def write(folder: Path, happenings: Happenings) -> dict[str, Any]:
    """Write every repository below `git/`; returns what a reader of each has to find."""
    found: dict[str, Any] = {}
    by_repository: dict[str, list[Conversation]] = {}
    for talk in happenings.conversations:
        if talk.commits:
            by_repository.setdefault(talk.project, []).append(talk)
    latin = _latin_author(happenings)
    for community in plan.COMMUNITIES:
        for repository in community.repositories:
            history = _History(repository, community.id, latin)
            history.write_mailmap(happenings.people, happenings.commits[repository.id])
            history.land(happenings.commits[repository.id], by_repository.get(repository.id, []))
            _import(folder / "git" / f"{repository.id}.git", history)
            found[repository.id] = history.facts()
    return found


def _latin_author(happenings: Happenings) -> Person | None:
    """The most active outside author whose name has accents: their commits are written in Latin-1."""
    counts: dict[str, int] = {}
    people = {person.id: person for person in happenings.people}
    for commits in happenings.commits.values():
        for commit in commits:
            name = commit.person.git_name
            if ascii_of(name) != name and not commit.person.is_own(commit.author_at):
                counts[commit.person.id] = counts.get(commit.person.id, 0) + 1
    return people[max(sorted(counts), key=counts.__getitem__)] if counts else None


@dataclass(slots=True)
class _History:
    """One repository's commits as a fast-import stream."""

    repository: Repository
    community: str
    latin: Person | None
    mailmap: str = ""
    stream: list[bytes] = field(default_factory=list)
    marked: list[Commit] = field(default_factory=list)
    latin_declared: int = 0
    latin_undeclared: int = 0
    _landed: list[int] = field(default_factory=list)
    _marks: list[int] = field(default_factory=list)

    def write_mailmap(self, people: list[Person], commits: list[Commit]) -> None:
        """`.mailmap` joins several addresses of those who are in it, the noreply one first."""
        used: dict[str, set[str]] = {}
        for commit in commits:
            if commit.person.in_mailmap:
                used.setdefault(commit.person.id, set()).add(commit.address)
        lines = [
            f"{person.name} <{person.noreply}> <{address}>\n"
            for person in people
            for address in sorted(used.get(person.id, set()) - {person.noreply})
            if person.login is not None
        ]
        self.mailmap = "".join(lines)

    def land(self, commits: list[Commit], talks: list[Conversation]) -> None:
        """Put everything on the main line in the order in which it landed."""
        from_talks = {id(commit) for talk in talks for commit in talk.commits}
        landings: list[tuple[int, int, list[Commit], Conversation | None]] = [
            (commit.landed_at, place, [commit], None)
            for place, commit in enumerate(commits)
            if id(commit) not in from_talks
        ]
        landings += [(talk.merged_at or 0, talk.number, talk.commits, talk) for talk in talks]
        for landed_at, _, landing, talk in sorted(landings, key=lambda each: each[:2]):
            if talk is not None and self.repository.merges == "merge":
                tip = self._branch(talk, landing[:-1])
                title = f"Merge pull request #{talk.number} from {talk.opener.login}/change-{talk.number}"
                paths = [self._file(commit, landing.index(commit)) for commit in landing[:-1]]
                message = f"{title}\n\n{talk.title}"
                last = self._tip()
                self._commit(landing[-1], message, paths, parent=last, merged=tip, committer=_FORGE)
                self._mark(landed_at)
                continue
            for place, commit in enumerate(landing):
                title = commit.title if talk is None else f"{commit.title} (#{talk.number})"
                committer = None if talk is None else _FORGE
                self._commit(
                    commit, title, [self._file(commit, place)], parent=self._tip(), committer=committer
                )
                self._mark(landed_at)

    def facts(self) -> dict[str, Any]:
        return {
            "location": f"git/{self.repository.id}.git",
            "commits": len(self.marked),
            "merges": sum(commit.is_merge for commit in self.marked),
            "agent_assisted": sum(commit.is_agent_assisted for commit in self.marked),
            "co_author_lines": sum(len(commit.co_authors) for commit in self.marked),
            "mailmap_lines": self.mailmap.count("\n"),
            "latin_1_commits_declared": self.latin_declared,
            "latin_1_commits_undeclared": self.latin_undeclared,
            "newest_author_at": plan.iso(max(commit.author_at for commit in self.marked)),
            "head": self.marked[self._marks[-1] - 1].sha,
        }

    def _branch(self, talk: Conversation, commits: list[Commit]) -> int:
        """A change request's own commits, on what was the main line when its first one was made."""
        before = bisect_right(self._landed, commits[0].author_at)
        parent = self._marks[max(before - 1, 0)] if self._marks else None
        for place, commit in enumerate(commits):
            parent = self._commit(commit, commit.title, [self._file(commit, place)], parent=parent)
        return len(self.marked)

    def _tip(self) -> int | None:
        return self._marks[-1] if self._marks else None

    def _mark(self, landed_at: int) -> None:
        self._landed.append(landed_at)
        self._marks.append(len(self.marked))

    def _file(self, commit: Commit, place: int) -> tuple[str, str]:
        if commit.title == "Update .mailmap":
            return ".mailmap", self.mailmap
        parts = PARTS[self.community]
        part = parts[(commit.author_at + place) % len(parts)]
        path = f"src/{part.replace(' ', '_').replace('-', '_')}.{self.repository.suffix}"
        return path, f"{part}\nlast changed at {plan.iso(commit.author_at)}\n{commit.title}\n"

    def _commit(
        self,
        commit: Commit,
        message: str,
        files: list[tuple[str, str]],
        *,
        parent: int | None,
        merged: int | None = None,
        committer: bytes | None = None,
    ) -> int:
        """Add one commit and return its mark."""
        self.marked.append(commit)
        mark = len(self.marked)
        person, encoding = commit.person, "utf-8"
        lines = [b"commit refs/heads/main", b"mark :%d" % mark]
        is_latin = self.latin is not None and person.id == self.latin.id
        if is_latin:
            encoding = "latin-1"
        name = person.git_name.encode(encoding)
        zone = _zone(person.offset_minutes)
        author = b"%s <%s> %d %s" % (name, commit.address.encode(), commit.author_at, zone)
        lines.append(b"author " + author)
        if committer is None:
            lines.append(b"committer " + author)
        else:
            lines.append(b"committer %s %d +0000" % (committer, commit.landed_at))
        if is_latin and commit.author_at % 2:
            lines.append(b"encoding ISO-8859-1")
            self.latin_declared += 1
        elif is_latin:
            self.latin_undeclared += 1
        if commit.co_authors:
            trailers = [
                f"Co-authored-by: {person.git_name} <{address}>" for person, address in commit.co_authors
            ]
            message += "\n\n" + "\n".join(trailers)
        lines.append(_data(f"{message}\n".encode(encoding, "replace")))
        if parent is not None:
            lines.append(b"from :%d" % parent)
        if merged is not None:
            lines.append(b"merge :%d" % merged)
        if mark == 1:
            files = [("README.md", f"# {self.repository.id}\n\nSimulated: nobody uses this.\n"), *files]
        for path, content in files:
            lines += [b"M 100644 inline " + path.encode(), _data(content.encode())]
        self.stream.append(b"\n".join(lines) + b"\n\n")
        return mark


def _data(content: bytes) -> bytes:
    return b"data %d\n%s" % (len(content), content)


def _zone(minutes: int) -> bytes:
    sign = b"-" if minutes < 0 else b"+"
    return sign + b"%02d%02d" % divmod(abs(minutes), 60)


def _import(folder: Path, history: _History) -> None:
    """Run git on the stream, without anybody's configuration, and note each commit's object id."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
    with tempfile.TemporaryDirectory() as scratch:
        marks = Path(scratch) / "marks"
        for command, given in (
            (["init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(folder)], b""),
            (
                ["-C", str(folder), "-c", "fastimport.unpackLimit=1", "fast-import", "--quiet",
                 f"--export-marks={marks}"],
                b"".join(history.stream) + b"done\n",
            ),
        ):  # fmt: skip
            done = subprocess.run(
                ["git", *command], input=given, env=environment, capture_output=True, check=False
            )
            if done.returncode:
                reason = done.stderr.decode("utf-8", "replace").strip()
                raise RuntimeError(f"git {command[0]} could not write {folder}: {reason}")
        for line in marks.read_text().splitlines():
            mark, sha = line.split()
            history.marked[int(mark[1:]) - 1].sha = sha
