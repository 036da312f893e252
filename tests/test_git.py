"""Every commit that branches and tags reach arrives once, whatever is odd about it, and nothing is run."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ospo_metrics.items import Checkpoint, Claim, Context, Instance, Item, SourceError, as_json
from ospo_metrics.sources import git

NOW = datetime(2026, 12, 1, tzinfo=UTC)
DATA = Path(__file__).parents[2] / "shared" / "data" / "D_git"
needs_histories = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real histories are not in {DATA}")
HOW = "commits that branches and tags reach"

ANN = "Ann Example <ann@example.org>"
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


class Repository:
    """A repository made for one test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self("init", "--quiet", "--initial-branch=main")

    def __call__(self, *command: str, given: bytes = b"", **environment: str) -> str:
        done = subprocess.run(
            ["git", *command],
            cwd=self.folder,
            env=CLEAN | environment,
            input=given,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode("utf-8", "replace").strip()

    def commit(self, message: str, when: str = "2020-05-01T12:00:00+0200", who: str = "Ann") -> str:
        who = {f"GIT_{role}_NAME": f"{who} Example" for role in ("AUTHOR", "COMMITTER")} | {
            f"GIT_{role}_EMAIL": f"{who.lower()}@example.org" for role in ("AUTHOR", "COMMITTER")
        }
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        self("commit", "--quiet", "--allow-empty", "--allow-empty-message", "-m", message, **who, **dates)
        return self("rev-parse", "HEAD")

    def raw_commit(self, author: bytes, committer: bytes, message: bytes, *parents: str) -> str:
        """Write a commit as it is, with whatever git itself would refuse to write."""
        tree = self("mktree")
        lines = [
            b"tree " + tree.encode(),
            *(b"parent " + parent.encode() for parent in parents),
            b"author " + author,
            b"committer " + committer,
        ]
        text = b"\n".join(lines) + b"\n\n" + message
        sha = self("hash-object", "-t", "commit", "-w", "--stdin", "--literally", given=text)
        self("update-ref", f"refs/heads/b-{sha[:8]}", sha)
        return sha


class Read:
    """What one reading of a history handed over."""

    def __init__(self, workspace: Path, location: str | Path, cursor: dict[str, Any] | None = None) -> None:
        instance = Instance("example/fastfs", "example/fastfs", git.History(str(location)))
        handed = list(git.read(instance, "commits", Context(workspace, NOW, cursor or {})))
        *items, checkpoint, self.claim = handed
        assert isinstance(checkpoint, Checkpoint)
        assert isinstance(self.claim, Claim)
        self.items: list[Item] = items
        self.cursor = json.loads(json.dumps(checkpoint.cursor))
        self.payloads: list[dict[str, Any]] = [json.loads(item.payload) for item in items]
        self.keys = [item.key for item in items]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "fastfs")


def unpacked(name: str, folder: Path) -> Path:
    with tarfile.open(DATA / f"{name}.git.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    (found,) = folder.iterdir()
    return found


@needs_histories
def test_counts_of_a_real_history(tmp_path: Path) -> None:
    """The history of tls-esni gives its 1,065 commits, and a second run none."""
    folder = unpacked("tls-esni", tmp_path)
    first = Read(tmp_path, folder)
    emails = {payload["author"]["email"] for payload in first.payloads if not payload["is_merge"]}
    assert (1_065, 1_065, 56) == (len(first.items), len(set(first.keys)), len(emails))
    assert Claim(1_065, HOW, datetime(2025, 7, 28, 3, 0, 11, tzinfo=UTC)) == first.claim
    second = Read(tmp_path, folder, first.cursor)
    assert ([], first.claim, first.cursor) == (second.items, second.claim, second.cursor)


@needs_histories
def test_counts_of_a_real_history_without_contents(tmp_path: Path) -> None:
    """The blobless history of lme4 gives its 3,850 commits, 421 of them merges, by 66 names and addresses."""
    read = Read(tmp_path, unpacked("lme4-blobless", tmp_path))
    authors = {(payload["author"]["name"], payload["author"]["email"]) for payload in read.payloads}
    merges = sum(payload["is_merge"] for payload in read.payloads)
    assert (3_850, 421, 66, 3_850) == (len(read.items), merges, len(authors), read.claim.count)
    assert {None} == {payload["author"]["date_problem"] for payload in read.payloads}


def test_what_is_kept_of_a_commit(tmp_path: Path, repository: Repository) -> None:
    """The whole payload: people as they signed and as the mailmap knows them, and who helped."""
    (repository.folder / ".mailmap").write_text("Ann Other <other@example.org> <ann@example.org>\n")
    first = repository.commit("begin")
    message = (
        "Make it fast\n\nSquashed:\nCo-authored-by: Bob Example <bob@example.org>\nmore\n\n"
        "Signed-off-by: Ann Example <ann@example.org>\nCo-Authored-By: Bob Example <bob@example.org>\n"
        "Assisted-by: a tool\n"
    )
    second = repository.commit(message, "2020-05-01T12:00:00-0330")
    (item, _) = Read(tmp_path, repository.folder).items
    person = {
        "name": "Ann Example",
        "email": "ann@example.org",
        "mapped_name": "Ann Other",
        "mapped_email": "other@example.org",
        "date": "2020-05-01T12:00:00-03:30",
        "offset_minutes": -210,
        "date_raw": "1588347000 -0330",
        "date_problem": None,
    }
    assert {
        "sha": second,
        "parents": [first],
        "is_merge": False,
        "author": person,
        "committer": person,
        "subject": "Make it fast",
        "trailers": [
            {"key": "co-authored-by", "name": "Bob Example", "email": "bob@example.org"},
            {"key": "signed-off-by", "name": "Ann Example", "email": "ann@example.org"},
            {"key": "assisted-by", "name": "a tool", "email": None},
        ],
        "undecodable_characters": 0,
    } == json.loads(item.payload)
    assert Item(second, item.payload, datetime(2020, 5, 1, 15, 30, tzinfo=UTC), second) == item


def test_only_new_commits_are_handed_over(tmp_path: Path, repository: Repository) -> None:
    """The next run gives what branches and tags newly reach; the claim is always the total."""
    repository.commit("one")
    first = Read(tmp_path, repository.folder)
    two = repository.commit("two", "2020-05-02T12:00:00+0000")
    repository("checkout", "--quiet", "-b", "side", "HEAD~1")
    three = repository.commit("three")
    repository("tag", "v1")
    repository("checkout", "--quiet", "main")
    repository("branch", "-D", "side")
    second = Read(tmp_path, repository.folder, first.cursor)
    assert {two, three} == set(second.keys)
    assert Claim(3, HOW, datetime(2020, 5, 2, 12, tzinfo=UTC)) == second.claim
    third = Read(tmp_path, repository.folder, second.cursor)
    assert ([], second.claim) == (third.items, third.claim)


def test_a_rewritten_history_is_read_again(tmp_path: Path, repository: Repository) -> None:
    """After a force-push, and even when the old commits are gone, the new ones arrive."""
    repository.commit("one")
    repository.commit("two")
    first = Read(tmp_path, repository.folder)
    repository("reset", "--hard", "--quiet", "HEAD~1")
    two = repository.commit("two, but better")
    assert [two] == Read(tmp_path, repository.folder, first.cursor).keys
    repository("reflog", "expire", "--expire=now", "--all")
    repository("gc", "--quiet", "--prune=now")
    again = Read(tmp_path, repository.folder, first.cursor)
    assert (2, 2, two) == (len(again.items), again.claim.count, again.keys[0])


def test_a_force_pushed_branch_of_a_copy_is_followed(tmp_path: Path, repository: Repository) -> None:
    """The copy of a URL takes over what was pushed with force; the claim counts what is reachable now."""
    one = repository.commit("one")
    repository.commit("two")
    repository.commit("three")
    first = Read(tmp_path, repository.folder.as_uri())
    repository("reset", "--hard", "--quiet", one)
    better = repository.commit("two, but better")
    second = Read(tmp_path, repository.folder.as_uri(), first.cursor)
    assert ([better], Claim(2, HOW, NOW)) == (second.keys, second.claim)
    assert {better} == set(second.cursor["tips"].values())


def test_replacements_and_grafts_change_nothing(tmp_path: Path, repository: Repository) -> None:
    """What a clone pretends its past to be is not its history, whether by `git replace` or by grafts."""
    one, two, three = (repository.commit(name) for name in ("one", "two", "three"))
    parents = {one: [], two: [one], three: [two]}
    repository("replace", "--graft", three, GIT_COMMITTER_NAME="A", GIT_COMMITTER_EMAIL="a@b")
    other = repository.raw_commit(ANN.encode() + b" 1588347000 +0000", ANN.encode() + b" 1 +0000", b"other\n")
    repository("update-ref", "-d", f"refs/heads/b-{other[:8]}")
    repository("replace", two, other)
    (repository.folder / ".git" / "info" / "grafts").write_text(f"{three} {one}\n")
    assert [three, one] == repository("rev-list", "main").split()
    read = Read(tmp_path, repository.folder)
    assert (parents, Claim(3, HOW, read.items[0].updated_at)) == (
        {payload["sha"]: payload["parents"] for payload in read.payloads},
        read.claim,
    )
    assert {"one", "two", "three"} == {payload["subject"] for payload in read.payloads}


def test_the_past_that_a_shallow_copy_lacks_is_still_named(tmp_path: Path, repository: Repository) -> None:
    """At the edge of a shallow copy a commit has no parents there; inside it has."""
    shas = [repository.commit(str(number)) for number in range(4)]
    url = repository.folder.as_uri()
    subprocess.run(["git", "clone", "--quiet", "--depth=2", url, tmp_path / "copy"], env=CLEAN, check=True)
    read = Read(tmp_path, tmp_path / "copy")
    assert {shas[3]: [shas[2]], shas[2]: []} == {p["sha"]: p["parents"] for p in read.payloads}


def test_a_shallow_copy_says_so_and_can_be_deepened(tmp_path: Path, repository: Repository) -> None:
    """What is not in the copy is told, and arrives when the copy gets it though no branch moved."""
    for number in range(3):
        repository.commit(str(number))
    url = repository.folder.as_uri()
    subprocess.run(["git", "clone", "--quiet", "--depth=1", url, tmp_path / "copy"], env=CLEAN, check=True)
    first = Read(tmp_path, tmp_path / "copy")
    assert (1, 1) == (len(first.items), first.claim.count)
    assert f"{HOW}; the copy is shallow, so what came before is missing" == first.claim.how
    subprocess.run(["git", "fetch", "--quiet", "--unshallow"], cwd=tmp_path / "copy", env=CLEAN, check=True)
    second = Read(tmp_path, tmp_path / "copy", first.cursor)
    assert (3, HOW) == (second.claim.count, second.claim.how)
    assert set(first.keys) < set(second.keys)


@pytest.mark.parametrize(
    ("raw", "date", "offset", "problem", "shown"),
    [
        (b"1588347000 +0200", "2020-05-01T17:30:00+02:00", 120, None, "1588347000 +0200"),
        (b"0 +0000", None, 0, "before 1970-01-02", "0 +0000"),
        (b"4102444800 +0000", None, 0, "future", "4102444800 +0000"),
        (b"999999999999 +0000", None, 0, "future", "999999999999 +0000"),
        (b"99999999999999999999999 +0000", None, 0, "before 1970-01-02", "0 +0000"),
        (b"1588347000 +51800", "2020-05-01T15:30:00+00:00", None, None, "1588347000 +51800"),
        (b"-5 +0000", None, None, "missing", ""),
        (b"", None, None, "missing", ""),
    ],
)
def test_absurd_dates_are_marked(
    tmp_path: Path,
    repository: Repository,
    raw: bytes,
    date: str | None,
    offset: int | None,
    problem: str | None,
    shown: str,
) -> None:
    """A date that cannot be is empty and says why; what git shows of it is kept; nothing stops."""
    repository.raw_commit(ANN.encode() + b" " + raw, ANN.encode() + b" 1588347000 +0000", b"x\n")
    (payload,) = Read(tmp_path, repository.folder).payloads
    author = payload["author"]
    assert (date, offset, problem, shown) == tuple(
        author[name] for name in ("date", "offset_minutes", "date_problem", "date_raw")
    )
    assert "Ann Example" == author["name"]


def test_a_commit_without_a_sane_date_has_no_time(tmp_path: Path, repository: Repository) -> None:
    """Such a commit is handed over all the same, and does not move what the claim says was observed."""
    repository.raw_commit(ANN.encode() + b" 5 +0000", ANN.encode() + b" 4102444800 +0000", b"x\n")
    read = Read(tmp_path, repository.folder)
    assert ([None], Claim(1, HOW, None)) == ([item.updated_at for item in read.items], read.claim)


def test_names_that_are_not_utf_8(tmp_path: Path, repository: Repository) -> None:
    """Undecodable bytes are replaced and counted; a declared encoding is honoured."""
    repository.raw_commit(
        "Éva <eva@example.org> 1588347000 +0000".encode("latin-1"), b"x <> 1588347000 +0000", b"\xff\n"
    )
    repository("config", "i18n.commitEncoding", "iso-8859-1")
    repository.commit("x")
    sha = repository(
        "commit-tree", repository("mktree"), given="déjà\n".encode("latin-1"),
        GIT_AUTHOR_NAME="A", GIT_AUTHOR_EMAIL="a@b", GIT_COMMITTER_NAME="A", GIT_COMMITTER_EMAIL="a@b",
    )  # fmt: skip
    repository("update-ref", "refs/heads/other", sha)
    found = {
        (payload["author"]["name"], payload["subject"], payload["undecodable_characters"])
        for payload in Read(tmp_path, repository.folder).payloads
    }
    assert {("\ufffdva", "\ufffd", 3), ("Ann Example", "x", 0), ("A", "déjà", 0)} == found


def test_stashes_notes_and_a_hosts_own_refs_are_no_history(tmp_path: Path, repository: Repository) -> None:
    """Only what was published on a branch or tag counts, so that a squashed change request counts once."""
    sha = repository.commit("one")
    repository(
        "notes",
        "add",
        "-m",
        "a note",
        GIT_AUTHOR_NAME="A",
        GIT_AUTHOR_EMAIL="a@b",
        GIT_COMMITTER_NAME="A",
        GIT_COMMITTER_EMAIL="a@b",
    )
    pulled = repository.raw_commit(
        ANN.encode() + b" 1588347000 +0000", ANN.encode() + b" 1588347000 +0000", b"x\n"
    )
    repository("update-ref", "refs/pull/1/head", pulled)
    repository("update-ref", "-d", f"refs/heads/b-{pulled[:8]}")
    blob = repository("hash-object", "-w", "--stdin", given=b"a key")
    repository("tag", "key", blob)
    read = Read(tmp_path, repository.folder)
    assert ([sha], 1) == (read.keys, read.claim.count)
    assert Read(tmp_path, repository.folder, read.cursor).keys == []


def test_an_empty_repository_has_no_commits(tmp_path: Path, repository: Repository) -> None:
    """No commit is a claim of none, not a failure."""
    read = Read(tmp_path, repository.folder)
    assert ([], Claim(0, HOW, None)) == (read.items, read.claim)


def test_what_is_no_repository_says_so(tmp_path: Path, repository: Repository) -> None:
    """A plain folder is not mistaken for the repository around it, and each sentence says what to do."""
    (repository.folder / "plain").mkdir()
    (repository.folder / "file").write_text("x")
    for location, sentence in (
        ("plain", "git history 'example/fastfs': plain is not a git repository: not a git repository"),
        ("file", "git history 'example/fastfs': file is no folder."),
        ("gone", "git history 'example/fastfs': gone is no folder."),
    ):
        with pytest.raises(SourceError) as caught:
            Read(repository.folder, location)
        assert str(caught.value).startswith(sentence)
        assert "Check 'location' in ospo.toml" in str(caught.value)


def test_a_broken_repository_says_so(tmp_path: Path, repository: Repository) -> None:
    """A history with a hole in it is an error, not a shorter history."""
    sha = repository.commit("one")
    repository.commit("two")
    (repository.folder / ".git" / "objects" / sha[:2] / sha[2:]).unlink()
    with pytest.raises(SourceError, match=r"git history 'example/fastfs': .* cannot be read: "):
        Read(tmp_path, repository.folder)


def test_without_git_the_sentence_says_so(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without git is told to install it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match="there is no program 'git' on the PATH"):
        Read(tmp_path, repository.folder)


def test_nothing_of_a_repository_is_run(tmp_path: Path, repository: Repository) -> None:
    """Hooks, signature programs and fetch commands of a repository from elsewhere stay asleep."""
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/caught\n")
    trap.chmod(0o755)
    (repository.folder / ".mailmap").write_text("A <a@b> <c@d>\n")
    repository("add", ".mailmap")
    repository.commit("one")
    signed = b"gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----"
    repository.raw_commit(ANN.encode() + b" 1 +0000", ANN.encode() + b" 1 +0000\n" + signed, b"x\n")
    blob = repository("rev-parse", "HEAD:.mailmap")
    bare = tmp_path / "bare.git"
    repository("clone", "--quiet", "--bare", "--no-local", ".", str(bare))
    for path in (bare / "objects" / "pack").glob("*.pack"):
        path.chmod(0o644)
        pack = path.rename(tmp_path / "all.pack").read_bytes()
        path.with_suffix(".idx").unlink()
        subprocess.run(["git", "unpack-objects", "-q"], cwd=bare, input=pack, env=CLEAN, check=True)
    (bare / "objects" / blob[:2] / blob[2:]).unlink()
    for key, value in {
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": f"ext::{trap}",
        "protocol.ext.allow": "always",
        "log.showSignature": "true",
        "gpg.program": str(trap),
        "core.fsmonitor": str(trap),
        "core.pager": str(trap),
    }.items():
        subprocess.run(["git", "config", key, value], cwd=bare, env=CLEAN, check=True)
    read = Read(tmp_path, bare)
    assert (2, False) == (len(read.items), (tmp_path / "caught").exists())


def test_a_repository_of_someone_else_can_be_read(tmp_path: Path, repository: Repository) -> None:
    """A mirror that another user keeps is read all the same."""
    repository.commit("one")
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to someone else")
    for path in [repository.folder, *repository.folder.rglob("*")]:
        os.chown(path, 65534, 65534)
    assert 1 == len(Read(tmp_path, repository.folder).items)


def test_ids_of_instances() -> None:
    """A history is called by its project; a second one of the same project by its location as well."""
    entries = [
        SimpleNamespace(project="example/fastfs", location="a"),
        SimpleNamespace(project="example/fastfs", location="https://me:secret@example.org/b.git"),
        SimpleNamespace(project="example/block", location="c"),
    ]
    found = git.instances(SimpleNamespace(sources=SimpleNamespace(git=entries)), Path())
    assert ["example/fastfs", "example/fastfs (example-org-b-4b6d3e43)", "example/block"] == [
        one.id for one in found
    ]
    assert ["example/fastfs", "example/fastfs", "example/block"] == [one.project_id for one in found]


FIELD = st.binary(max_size=30).map(lambda raw: raw.replace(b"\0", b""))


@given(
    st.lists(st.tuples(FIELD, FIELD, FIELD), max_size=12),
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
)
@settings(max_examples=200, deadline=None)
def test_records_survive_any_chunks_and_bytes(records: list[tuple[bytes, ...]], sizes: list[int]) -> None:
    """However the output of git is cut into chunks, each record comes back, undecodable bytes replaced."""
    text = b"".join(field + b"\0" for record in records for field in record)
    chunks, at, turn = [], 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        chunks.append(text[at : at + size])
        at, turn = at + size, turn + 1
    expected = [tuple(field.decode("utf-8", "replace") for field in record) for record in records]
    assert expected == [fields for fields, _ in git._records(chunks, 3)]


LINE = st.text(st.characters(exclude_characters="\0\n", exclude_categories=["Cs"]), max_size=20)
PEOPLE = st.tuples(LINE, LINE, LINE, LINE)
MESSAGE = st.lists(LINE | st.builds("{}-{}: {}".format, LINE, st.sampled_from(["by", "By", "BY"]), LINE)).map(
    "\n".join
)
LATEST = 2**31


@given(PEOPLE, PEOPLE, LINE, MESSAGE)
@settings(max_examples=200, deadline=None)
def test_payloads_are_plain_json_whatever_is_in_them(
    author: tuple[str, ...], committer: tuple[str, ...], when: str, message: str
) -> None:
    """A payload is the text that the JSON writer of the other sources gives, with every value as it was."""
    fields = ("a1", "b2 c3", "\n".join(author), when, "\n".join(committer), "1588347000 +0200", message)
    item = git._item(fields, 7, LATEST)
    payload = json.loads(item.payload)
    assert as_json(payload) == item.payload
    shown = ("name", "email", "mapped_name", "mapped_email")
    assert (author, committer) == tuple(tuple(payload[r][n] for n in shown) for r in ("author", "committer"))
    assert (when, message.lstrip().partition("\n")[0]) == (payload["author"]["date_raw"], payload["subject"])
    assert (["b2", "c3"], True, 7) == (
        payload["parents"], payload["is_merge"], payload["undecodable_characters"],
    )  # fmt: skip


@given(st.integers(86_400, LATEST), st.integers(0, 18), st.integers(0, 59), st.sampled_from("+-"))
def test_dates_are_those_of_the_calendar(seconds: int, hours: int, minutes: int, sign: str) -> None:
    """Instants and offsets come out as Python's own calendar writes them."""
    ahead = (60 * hours + minutes) * (-1 if sign == "-" else 1)
    raw = f"{seconds} {sign}{hours:02}{minutes:02}"
    text, found = git._date(raw, LATEST)
    told = json.loads(f"{{{text}}}")
    is_sane = abs(ahead) <= 18 * 60
    zone = timezone(timedelta(minutes=ahead)) if is_sane else UTC
    assert (seconds, datetime.fromtimestamp(seconds, zone).isoformat()) == (found, told["date"])
    assert (ahead if is_sane else None, raw, None) == (
        told["offset_minutes"], told["date_raw"], told["date_problem"],
    )  # fmt: skip


# Copies of what is on the web


SECRET = "s3cret-of-the-test"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[tuple[str, Repository, list[str]]]:
    """git's own server on loopback, asking for a login: its address, its repository, and what was asked."""
    repository = Repository(tmp_path / "served" / "fastfs.git")
    repository("config", "uploadpack.allowFilter", "true")
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            expected = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
            if self.headers.get("Authorization") != expected:
                return self.answer(401, [("WWW-Authenticate", 'Basic realm="x"')], b"")
            path, _, query = self.path.partition("?")
            asked.append(path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            done = subprocess.run(
                ["git", "http-backend"],
                input=body,
                capture_output=True,
                check=True,
                env=CLEAN
                | {
                    "GIT_PROJECT_ROOT": str(repository.folder.parent),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "PATH_INFO": path,
                    "QUERY_STRING": query,
                    "REQUEST_METHOD": self.command,
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                    "REMOTE_USER": "me",
                },
            )
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            headers = [line.split(": ", 1) for line in head.decode().splitlines()]
            status = next((int(value[:3]) for name, value in headers if name == "Status"), 200)
            return self.answer(status, [(n, v) for n, v in headers if n != "Status"], content)

        do_POST = do_GET  # noqa: N815

        def answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
            self.send_response(status)
            for name, value in [*headers, ("Content-Length", str(len(content)))]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://me:{SECRET}@127.0.0.1:{running.server_port}/fastfs.git", repository, asked
        running.shutdown()


def test_a_url_is_kept_as_a_copy_without_contents(
    tmp_path: Path, host: tuple[str, Repository, list[str]]
) -> None:
    """The first run copies, the next fetch what is new; the mailmap comes along, other contents do not."""
    url, repository, _ = host
    (repository.folder / ".mailmap").write_text("Ann Other <other@example.org> <ann@example.org>\n")
    (repository.folder / "large").write_text("x" * 1000)
    repository("add", ".")
    first_sha = repository.commit("one")
    first = Read(tmp_path, url.replace("/fastfs.git", "/fastfs.git/.git"))
    assert ([first_sha], Claim(1, HOW, NOW)) == (first.keys, first.claim)
    assert "other@example.org" == first.payloads[0]["author"]["mapped_email"]
    (copy,) = (tmp_path / "private" / "git").iterdir()
    missing = subprocess.run(
        ["git", "rev-list", "--objects", "--all", "--missing=print"],
        cwd=copy, env=CLEAN, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert [f"?{repository('rev-parse', 'HEAD:large')}"] == [
        line for line in missing.splitlines() if line.startswith("?")
    ]
    second_sha = repository.commit("two")
    repository("branch", "-m", "main", "trunk")
    second = Read(tmp_path, url.replace("/fastfs.git", "/fastfs.git/.git"), first.cursor)
    assert ([second_sha], 2) == (second.keys, second.claim.count)
    assert ["HEAD", "refs/heads/trunk"] == sorted(second.cursor["tips"])


def test_a_login_is_never_kept_or_told(tmp_path: Path, host: tuple[str, Repository, list[str]]) -> None:
    """The password of a URL is in no file of the workspace, no item, no cursor, and no sentence."""
    url, repository, _ = host
    repository.commit("one")
    where = url.replace("/fastfs.git", "/fastfs.git/.git")
    read = Read(tmp_path / "workspace", where)
    assert SECRET not in json.dumps([read.cursor, read.payloads, repr(read.claim)])
    for path in (tmp_path / "workspace").rglob("*"):
        assert SECRET not in path.name
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()
    for wrong in (where.replace("/.git", "/gone"), where.replace(":s3cret", ":also-s3cret")):
        with pytest.raises(SourceError) as caught:
            Read(tmp_path / "workspace", wrong)
        assert SECRET not in str(caught.value)
        assert "git history 'example/fastfs': http://127.0.0.1:" in str(caught.value)
        assert "could not be fetched: " in str(caught.value)


def test_a_damaged_copy_is_made_anew(tmp_path: Path, repository: Repository) -> None:
    """A lock that a killed run left in our copy does not stop the nights to come."""
    repository.commit("one")
    url = repository.folder.as_uri()
    first = Read(tmp_path, url)
    (copy,) = (tmp_path / "private" / "git").iterdir()
    (copy / "refs" / "heads" / "main.lock").touch()
    two = repository.commit("two")
    assert [two] == Read(tmp_path, url, first.cursor).keys
    (copy / "HEAD").write_text("nonsense")
    assert 2 == Read(tmp_path, url).claim.count


def test_a_host_that_is_gone_says_so(tmp_path: Path, repository: Repository) -> None:
    """A failed fetch keeps the copy for the next night."""
    repository.commit("one")
    url = repository.folder.as_uri()
    Read(tmp_path, url)
    repository.folder.rename(tmp_path / "moved")
    with pytest.raises(SourceError, match="could not be fetched: "):
        Read(tmp_path, url)
    (tmp_path / "moved").rename(repository.folder)
    assert 1 == len(Read(tmp_path, url).items)
