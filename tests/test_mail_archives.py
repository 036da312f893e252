"""Every format of archive on this machine is recognised by its content, and only what is new is read."""

from __future__ import annotations

import io
import json
import lzma
import mailbox
import os
import re
import subprocess
import tarfile
import tempfile
import zipfile
from collections import Counter
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import SHARED
from ospo_metrics.collect import collect
from ospo_metrics.items import Batch, Checkpoint, Claim, Context, Instance, Reject, SourceError
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import open_workspace
from ospo_metrics.sources import _mail_readers, mailing_lists
from ospo_metrics.sources._mail_readers import Chunk, Readers
from ospo_metrics.sources._mailbox import Piece, split
from ospo_metrics.warehouse import open_warehouse

DATA = SHARED / "A_mail"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
needs_archives = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real archives are not in {DATA}")


def message(number: int, date: str = "Fri, 2 Jan 2015 11:00:00 +0100") -> bytes:
    return (
        f"From: Ann <ann@example.org>\nDate: {date}\nSubject: Number {number}\n"
        f"Message-ID: <{number}@example.org>\n\nHello.\n"
    ).encode()


def mbox(*numbers: int) -> bytes:
    separator = b"From ann@example.org Fri Jan  2 10:00:00 2015\n"
    return b"".join(separator + message(number) + b"\n" for number in numbers)


class Read:
    """What one reading of a list handed over."""

    def __init__(
        self, workspace: Path, location: str, cursor: dict[str, Any] | None = None, form: str = "auto"
    ) -> None:
        instance = Instance("dev", "dev", mailing_lists.Location(location, form))
        handed = list(mailing_lists.read(instance, "messages", Context(workspace, NOW, cursor or {})))
        tables = [one.table for one in handed if isinstance(one, Batch)]
        self.rows = [row for table in tables for row in table.to_pylist()]
        self.keys = [row["key"] for row in self.rows]
        self.rejects = [one for one in handed if isinstance(one, Reject)]
        self.cursors = [json.loads(json.dumps(one.cursor)) for one in handed if isinstance(one, Checkpoint)]
        (self.claim,) = (one for one in handed if isinstance(one, Claim))

    @property
    def format(self) -> str:
        return self.claim.how.partition("(")[2].partition(")")[0]


def ids(*numbers: int) -> list[str]:
    return [f"{number}@example.org" for number in numbers]


# Packed files


@pytest.mark.parametrize("packing", ["bz2", "gzip", "zstd", "xz"])
def test_every_packing_reads_like_the_plain_file(tmp_path: Path, packing: str) -> None:
    """A packed archive is known by its content, whatever it is called."""
    text = mbox(1, 2)
    packed = lzma.compress(text) if packing == "xz" else _packed(text, packing)
    (tmp_path / "archive").write_bytes(packed)
    assert (ids(1, 2), []) == (Read(tmp_path, "archive").keys, Read(tmp_path, "archive").rejects)


def _packed(text: bytes, packing: str) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, packing) as stream:
        stream.write(text)
    return bytes(sink.getvalue())


def test_a_bomb_packed_with_zstd_is_left_unread(tmp_path: Path) -> None:
    """The limit on what a file may unpack to holds for every packing."""
    (tmp_path / "bomb.zst").write_bytes(_packed(mbox(1) + bytes(80 << 20), "zstd"))
    read = Read(tmp_path, "bomb.zst")
    assert ["the file unpacks to more than 200 times its size; not read further"] == [
        reject.reason for reject in read.rejects
    ]


def test_a_zipped_export_reads_like_its_files(tmp_path: Path) -> None:
    """The mbox files in a zip are read; one that is encrypted or a bomb is named, and the others go on."""
    with zipfile.ZipFile(tmp_path / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("messages.mbox", mbox(1, 2))
        archive.writestr("bomb.mbox", mbox(3) + bytes(80 << 20))
        archive.writestr("more.mbox", mbox(4))
    read = Read(tmp_path, "export.zip")
    assert (ids(1, 2, 4), "Groups.io export", 4) == (read.keys, read.format, read.claim.count)
    assert ["export.zip/bomb.mbox:0"] == [reject.location for reject in read.rejects]


@needs_archives
def test_the_real_export_of_groupsio() -> None:
    """49 messages, as the inventory of the archives has it."""
    read = Read(DATA, "perceval-tests/data/groupsio/messages.zip")
    assert (49, 49, "Groups.io export") == (len(set(read.keys)), read.claim.count, read.format)
    assert 0 == Read(DATA, "perceval-tests/data/groupsio/empty.zip").claim.count


@needs_archives
@pytest.mark.parametrize(
    ("location", "recognised"),
    [
        ("r-announce/2015.txt", "Pipermail"),
        ("r-package-devel/2020*.txt.gz", "Pipermail"),
        ("ponymail/httpd-users-2020-07.mbox", "mbox"),
    ],
)
def test_texts_are_told_apart_by_their_separators(location: str, recognised: str) -> None:
    """Pipermail writes its separators in a way of its own."""
    assert recognised == Read(DATA, location).format


# Maildir


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for inner in ("cur", "new", "tmp", ".Sent/cur", ".Sent/new"):
        (tmp_path / "dev" / inner).mkdir(parents=True)
    (tmp_path / "dev/new/1.host").write_bytes(message(1))
    (tmp_path / "dev/cur/2.host:2,S").write_bytes(message(2))
    (tmp_path / "dev/.Sent/cur/3.host:2,S").write_bytes(message(3))
    (tmp_path / "dev/tmp/4.host").write_bytes(message(4))
    return tmp_path


def test_a_maildir_is_read_once(maildir: Path) -> None:
    """A message keeps its name when it is moved and flagged; only new ones are read, and the total is known."""
    first = Read(maildir, "dev")
    assert (sorted(ids(1, 2, 3)), "Maildir", 3) == (sorted(first.keys), first.format, first.claim.count)
    assert "dev/1.host:0" in [row["location"] for row in first.rows]
    (maildir / "dev/new/1.host").rename(maildir / "dev/cur/1.host:2,RS")
    (maildir / "dev/new/5.host").write_bytes(message(5))
    second = Read(maildir, "dev", first.cursors[-1])
    assert (ids(5), 4) == (second.keys, second.claim.count)
    third = Read(maildir, "dev", second.cursors[-1])
    assert ([], 4, second.claim.observed_until) == (third.keys, third.claim.count, third.claim.observed_until)


# public-inbox


def git(folder: Path, *command: str, given: bytes = b"") -> str:
    clean = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"]} | {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "x"), ("EMAIL", "x@example.org"), ("DATE", "1700000000 +0000"))
    }
    done = subprocess.run(
        ["git", *command], cwd=folder, env=clean, input=given, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def commit(folder: Path, files: dict[str, bytes], parent: str | None) -> str:
    """A commit whose tree is these files, as public-inbox makes it; the branch points to it."""
    entries = []
    trees: dict[str, list[str]] = {}
    for path, content in files.items():
        blob = git(folder, "hash-object", "-w", "--stdin", given=content)
        inner, slash, name = path.rpartition("/")
        if slash:
            trees.setdefault(inner, []).append(f"100644 blob {blob}\t{name}")
        else:
            entries.append(f"100644 blob {blob}\t{path}")
    for inner, lines in trees.items():
        tree = git(folder, "mktree", given=("\n".join(lines) + "\n").encode())
        entries.append(f"040000 tree {tree}\t{inner}")
    tree = git(folder, "mktree", given=("\n".join(entries) + "\n").encode())
    new = git(folder, "commit-tree", tree, "-m", "x", *(["-p", parent] if parent else []))
    git(folder, "update-ref", "refs/heads/master", new)
    return new


def repository(folder: Path) -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--bare", "--initial-branch=master")
    return folder


def test_epochs_of_public_inbox_are_read_on_from_where_they_were(tmp_path: Path) -> None:
    """v2: one message a commit in each epoch; what the archive removes in between is named, not counted."""
    zero = repository(tmp_path / "dev/git/0.git")
    one = repository(tmp_path / "dev/git/1.git")
    head = commit(zero, {"m": message(1)}, None)
    head = commit(zero, {"m": message(2)}, head)
    head = commit(zero, {"d": message(2)}, head)
    commit(one, {"m": message(3)}, None)
    first = Read(tmp_path, "dev")
    assert (ids(1, 3), "public-inbox v2", 3) == (first.keys, first.format, first.claim.count)
    assert ["the archive itself removed this message"] == [reject.reason for reject in first.rejects]

    head = commit(zero, {"m": message(4)}, head)
    commit(zero, {"d": message(1)}, head)
    second = Read(tmp_path, "dev", first.cursors[-1])
    assert (ids(4), 5) == (second.keys, second.claim.count)
    assert ["the archive itself removed this message; it was read before"] == [
        r.reason for r in second.rejects
    ]
    assert ([], 5) == (Read(tmp_path, "dev", second.cursors[-1]).keys, second.claim.count)


def test_a_rewritten_epoch_is_read_anew(tmp_path: Path) -> None:
    """Where what we knew is no ancestor any more, everything is read again, and the total is that of now."""
    epoch = repository(tmp_path / "0.git")
    head = commit(epoch, {"m": message(1)}, None)
    commit(epoch, {"m": message(2)}, head)
    first = Read(tmp_path, "0.git")
    commit(epoch, {"m": message(3)}, None)
    second = Read(tmp_path, "0.git", first.cursors[-1])
    assert (ids(3), 1) == (second.keys, second.claim.count)


def test_the_old_layout_of_public_inbox(tmp_path: Path) -> None:
    """v1: one repository with a file a message; a deleted file is a removal."""
    inbox = repository(tmp_path / "dev.git")
    head = commit(inbox, {f"aa/{1:038}": message(1)}, None)
    head = commit(inbox, {f"aa/{1:038}": message(1), f"bb/{2:038}": message(2)}, head)
    commit(inbox, {f"bb/{2:038}": message(2)}, head)
    read = Read(tmp_path, "dev.git")
    assert (ids(2), "public-inbox v1", 2, 1) == (read.keys, read.format, read.claim.count, len(read.rejects))


def test_large_epochs_have_places_to_go_on_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that dies in the middle of an epoch does not read its beginning again."""
    monkeypatch.setattr("ospo_metrics.sources._public_inbox.COMMITS_AT_ONCE", 2)
    epoch, head = repository(tmp_path / "0.git"), None
    for number in range(1, 6):
        head = commit(epoch, {"m": message(number)}, head)
    first = Read(tmp_path, "0.git")
    assert (ids(1, 2, 3, 4, 5), 5) == (first.keys, first.claim.count)
    resumed = Read(tmp_path, "0.git", first.cursors[0])
    assert (ids(3, 4, 5), 5) == (resumed.keys, resumed.claim.count)


@needs_archives
def test_the_real_epoch_of_ksummit(tmp_path: Path) -> None:
    """3,115 messages with 3,112 ids, and as many in each year as the inventory of the archives has."""
    with tarfile.open(DATA / "ksummit-public-inbox-v2-epoch0.git.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    read = Read(tmp_path, folder.name)
    assert (3_115, 3_112, 3_115, []) == (len(read.keys), len(set(read.keys)), read.claim.count, read.rejects)
    years = git(folder, "log", "--date=format-local:%Y", "--format=%ad").split()
    assert [639, 295, 421, 466, 1013, 281] == [n for _, n in sorted(Counter(years).items())]
    sent = Counter(row["updated_at"].year for row in read.rows)
    assert {2021: 639, 2022: 295, 2023: 421, 2024: 466, 2025: 1013, 2026: 281} == sent


# What is asked for


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ("maildir", "there is no folder 'cur' in"),
        ("public-inbox", "is no public-inbox folder"),
        ("groupsio", "is no zipped export of Groups.io but mbox"),
    ],
)
def test_a_format_that_is_not_there_is_said(tmp_path: Path, form: str, problem: str) -> None:
    """The sentence names the list, what is wrong with the location, and both keys to look at."""
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "a.mbox").write_bytes(mbox(1))
    with pytest.raises(SourceError) as caught:
        Read(tmp_path, "dev", form=form)
    assert str(caught.value).startswith("mailing list 'dev': ")
    assert problem in str(caught.value)
    assert str(caught.value).endswith("Check 'location' and 'format' in ospo.toml.")


# Several processors


def _chunk(*numbers: int) -> Chunk:
    return Chunk([f"a:{n}" for n in numbers], [Piece(n, b"From -", message(n), 100) for n in numbers])


def test_helpers_read_as_we_do_and_in_order() -> None:
    """What helpers read comes out where it went in, and is what we would have read ourselves."""
    jobs = [_chunk(*range(n, n + 50)) for n in range(0, 1000, 50)]
    with Readers(NOW, helpers=0) as alone:
        expected = list(alone.sheets([*jobs, "end"]))
    with Readers(NOW, helpers=2) as together:
        assert expected == list(together.sheets([*jobs, "end"]))
        assert 2 == len(together._helpers)


def test_the_work_of_a_helper_that_dies_is_not_lost() -> None:
    """Whatever happens to a helper, each chunk is read once."""
    jobs = [_chunk(*range(n, n + 50)) for n in range(0, 1000, 50)]
    with Readers(NOW, helpers=1) as readers:
        found = []
        for sheet in readers.sheets(jobs):
            found += sheet.keys
            for helper in readers._helpers:
                helper._process.kill()
    assert ids(*range(1000)) == found


def test_an_unreadable_message_costs_itself_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of ours in one message is a reject with its kind, and the others are read."""

    def broken(text: bytes, separator: bytes, now: datetime) -> Any:
        if b"Number 2" in text:
            raise ZeroDivisionError
        return read_message(text, separator, now)

    read_message = _mail_readers.read_message
    monkeypatch.setattr(_mail_readers, "read_message", broken)
    sheet = _mail_readers.read_chunk(_chunk(1, 2, 3), NOW)
    assert (ids(1, 3), [("a:2", "unreadable (ZeroDivisionError)")]) == (sheet.keys, sheet.rejects)


# The dialects of mbox, and anything at all


BODY = "First.\n\nFrom ann@example.org Fri Jan  2 10:00:00 2015\nSubject: quoted\n\n>From here on, more.\n"


def dialect(name: str) -> bytes:
    """Two messages, the first with a separator in its text, as each dialect of mbox writes them."""
    text = BODY
    if name in ("mboxo", "mboxcl"):
        text = BODY.replace("\nFrom ", "\n>From ")
    elif name == "mboxrd":
        text = BODY.replace("\n>From ", "\n>>From ").replace("\nFrom ", "\n>From ")
    head = message(1).partition(b"\n\n")[0].decode()
    if name.startswith("mboxcl"):
        head += f"\nContent-Length: {len(text)}"
    return f"From ann@example.org Fri Jan  2 10:00:00 2015\n{head}\n\n{text}\n".encode() + mbox(2)


@pytest.mark.parametrize("name", ["mboxo", "mboxrd", "mboxcl", "mboxcl2"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_all_dialects_of_mbox_are_cut_alike(name: str, line_end: bytes, tmp_path: Path) -> None:
    """A separator in a text divides nothing, be it quoted or covered by Content-Length."""
    text = dialect(name)
    if line_end == b"\r\n":
        text = text.replace(b"\n", b"\r\n")
        text = re.sub(rb"(?<=Length: )\d+", lambda told: b"%d" % (int(told[0]) + BODY.count("\n")), text)
    (tmp_path / "a.mbox").write_bytes(text)
    assert (ids(1, 2), []) == (Read(tmp_path, "a.mbox").keys, Read(tmp_path, "a.mbox").rejects)


@pytest.mark.parametrize("length", [0, 10, 99_999, 999_999_999])
def test_a_wrong_content_length_hides_nothing(length: int, tmp_path: Path) -> None:
    """Where a told length ends at no separator, what looks like one is one."""
    first, second = mbox(1), mbox(2)
    text = first.replace(b"\n\n", b"\nContent-Length: %d\n\n" % length, 1) + second
    (tmp_path / "a.mbox").write_bytes(text)
    assert ids(1, 2) == Read(tmp_path, "a.mbox").keys


PIECES = st.lists(
    st.sampled_from(
        [mbox(1), mbox(2), b"From x Fri Jan  2 10:00:00 2015\n", b"Content-Length: 40\n", b"\n", b"From: "]
    )
    | st.binary(max_size=60),
    max_size=12,
).map(b"".join)


@given(PIECES, st.sampled_from(["plain", "gzip", "zip", "zstd", "maildir"]), st.integers(0, 50))
@settings(max_examples=150, deadline=None)
def test_anything_is_accounted_for(text: bytes, wrapping: str, damage: int) -> None:
    """Any bytes, in any wrapping, also damaged: no exception, and messages and rejects add up to the claim."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        (workspace / "dev" / "cur").mkdir(parents=True)
        (workspace / "dev" / "new").mkdir()
        if wrapping == "zip":
            with zipfile.ZipFile(workspace / "file", "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("a.mbox", text)
            packed = (workspace / "file").read_bytes()
        else:
            packed = _packed(text, wrapping) if wrapping in ("gzip", "zstd") else text
        packed = packed[: max(len(packed) - damage, 0)] if damage > 40 else packed
        (workspace / ("dev/cur/1" if wrapping == "maildir" else "file")).write_bytes(packed)
        read = Read(workspace, "dev" if wrapping == "maildir" else "file")
    assert read.claim.count == len(read.keys) + len(read.rejects)
    if damage <= 40 and wrapping not in ("maildir", "plain"):
        assert read.claim.count == sum(1 for _ in split(io.BytesIO(text).read))


@given(
    st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | st.sampled_from("\nF>"),
            max_size=80,
        ),
        max_size=6,
    )
)
@settings(max_examples=60, deadline=None)
def test_what_another_program_wrote_reads_back(bodies: list[str]) -> None:
    """Python's own mailbox module writes; the same messages are read, each with the length of its text."""
    with tempfile.TemporaryDirectory() as folder:
        box = mailbox.mbox(Path(folder) / "a.mbox")
        for number, body in enumerate(bodies):
            written = EmailMessage(policy=policy.SMTP.clone(linesep="\n", cte_type="8bit", utf8=True))
            written["From"] = "Ann <ann@example.org>"
            written["Date"] = "Fri, 2 Jan 2015 11:00:00 +0100"
            written["Message-ID"] = f"<{number}@example.org>"
            written.set_content(body)
            box.add(written)
        box.close()
        read = Read(Path(folder), "a.mbox")
    assert ids(*range(len(bodies))) == read.keys
    assert [] == read.rejects


@needs_archives
@pytest.mark.parametrize(
    ("folder", "pattern", "files"), [("ponymail", "*.mbox", 11), ("cpython-test_email", "*.txt", 48)]
)
def test_the_torture_folders_are_accounted_for(folder: str, pattern: str, files: int, tmp_path: Path) -> None:
    """Collected for real: each separator is held, a duplicate, or a reject with file, offset and reason; no gap."""
    (tmp_path / "ospo.toml").write_text(
        '[ospo]\nname = "x"\n[[communities]]\nid = "c"\nname = "C"\nmailing_lists = ["dev"]\n'
        f'[[sources.mailing_lists]]\nid = "dev"\nlocation = "{DATA / folder / pattern}"\n'
    )
    workspace = open_workspace(tmp_path)
    found = collect(workspace, mailing_lists, "run", Quiet())
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        claimed, held, duplicates, rejects, gap = (
            connection.execute(
                "select claimed, held, duplicates, rejects, gap from meta.reconciliation"
            ).fetchone()
            or ()
        )
        rejected = connection.execute("select location, reason from meta.rejects").fetchall()
    assert files == len(list((DATA / folder).glob(pattern)))
    assert (0, claimed, found.held) == (gap, held + duplicates + rejects, held)
    assert rejects == len(rejected)
    assert all(re.fullmatch(r".+\.(mbox|txt):\d+", location) and reason for location, reason in rejected)


def test_wrong_character_sets_are_counted(tmp_path: Path) -> None:
    """The claim says how many messages are not in the character set that they name, also on a quiet night."""
    (tmp_path / "a.mbox").write_bytes(mbox(1) + mbox(2).replace(b"Number", b"N\xfcmber"))
    first = Read(tmp_path, "a.mbox")
    assert first.claim.how.endswith("(mbox), 1 of them in no or another character set than they say")
    assert first.claim == Read(tmp_path, "a.mbox", first.cursors[-1]).claim
