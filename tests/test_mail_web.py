"""Archives on the web are recognised by what they answer, and asked politely for what may have changed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import SHARED
from mail_server import MailServer
from ospo_metrics import web
from ospo_metrics.downloads import fetch_file
from ospo_metrics.items import SourceError
from ospo_metrics.sources import _mail_web
from test_mail_archives import NOW, Read, commit, git, ids, mbox, message, repository

DATA = SHARED / "A_mail"
waited: list[float] = []


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are noted, not waited."""
    waited.clear()
    patience = replace(_mail_web.PATIENCE, attempts=4, sleep=waited.append, timeout=5)
    monkeypatch.setattr(_mail_web, "PATIENCE", patience)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running
        assert not running.was_asked_twice_at_once


def index(**months: str) -> bytes:
    """An index page as Pipermail writes it, newest first: a file and its size."""
    rows = "".join(
        f"<tr><td>{name}:</td><td><A href='{name}/thread.html'>[ Thread ]</a></td>"
        f'<td><A href="{name}.txt.gz">[ Gzip\'d Text {size} ]</a></td></tr>'
        for name, size in reversed(months.items())
    )
    return f"<!DOCTYPE HTML><title>The dev Archives</title><table>{rows}</table>".encode()


def partly(path: Path) -> list[str]:
    """What is left of downloads in a workspace."""
    return sorted(file.suffix for file in (path / "private" / "mail").rglob("*") if file.is_file())


# Pipermail


@pytest.fixture
def pipermail(server: MailServer) -> MailServer:
    server.pages["/pipermail/dev/"] = index(
        **{"2014-March": "1 KB", "2014-April": "1 KB", "2014-December": "1 KB", "2015-January": "1 KB"}
    )
    for number, name in enumerate(("2014-March", "2014-April", "2014-December", "2015-January"), 1):
        server.pages[f"/pipermail/dev/{name}.txt.gz"] = gzip.compress(mbox(number), mtime=0)
    return server


def test_pipermail_is_read_from_its_index_oldest_first(pipermail: MailServer, tmp_path: Path) -> None:
    """Every month that the index links to is read once, one request at a time, and nothing of it stays on disk."""
    read = Read(tmp_path, pipermail.url("/pipermail/dev/"))
    assert (ids(1, 2, 3, 4), 4, "Pipermail index") == (read.keys, read.claim.count, read.format)
    assert pipermail.url("/pipermail/dev/2014-March.txt.gz:0") == read.rows[0]["location"]
    assert NOW == read.claim.observed_until
    assert 5 == len(pipermail.asked)
    assert [] == partly(tmp_path)


def test_of_pipermail_only_what_changed_is_fetched(pipermail: MailServer, tmp_path: Path) -> None:
    """The newest two months are asked for with their version, others only where the index tells another size."""
    first = Read(tmp_path, pipermail.url("/pipermail/dev/"))
    pipermail.pages["/pipermail/dev/2015-January.txt.gz"] = gzip.compress(mbox(4, 5), mtime=0)
    pipermail.pages["/pipermail/dev/2014-April.txt.gz"] = gzip.compress(mbox(2, 6), mtime=0)
    pipermail.pages["/pipermail/dev/"] = index(
        **{"2014-March": "1 KB", "2014-April": "2 KB", "2014-December": "1 KB", "2015-January": "1 KB"}
    )
    pipermail.asked.clear()
    second = Read(tmp_path, pipermail.url("/pipermail/dev/"), first.cursors[-1])
    assert [("/", 200), ("April", 200), ("December", 304), ("January", 200)] == [
        (
            path.removeprefix("/pipermail/dev")
            .removesuffix(".txt.gz")
            .replace("/2014-", "")
            .replace("/2015-", ""),
            status,
        )
        for path, _, _, status in pipermail.asked
    ]
    assert (ids(2, 6, 4, 5), 6) == (second.keys, second.claim.count)
    pipermail.asked.clear()
    third = Read(tmp_path, pipermail.url("/pipermail/dev/"), second.cursors[-1])
    assert ([], 6, [304, 304]) == (third.keys, third.claim.count, [s for *_, s in pipermail.asked[1:]])


def test_a_month_that_cannot_be_had_does_not_stop_the_others(pipermail: MailServer, tmp_path: Path) -> None:
    """What a server refuses is named with its answer, and is asked for again next time."""
    path = "/pipermail/dev/2014-April.txt.gz"
    pipermail.refuses[path] = [(403, "")]
    first = Read(tmp_path, pipermail.url("/pipermail/dev/"))
    assert (ids(1, 3, 4), 4) == (first.keys, first.claim.count)
    assert [(pipermail.url(f"{path}:0"), f"{pipermail.url(path)} answers 403 Forbidden")] == [
        (reject.location, reject.reason) for reject in first.rejects
    ]
    assert first.claim.observed_until != NOW
    second = Read(tmp_path, pipermail.url("/pipermail/dev/"), first.cursors[-1])
    assert (ids(2), 4, []) == (second.keys, second.claim.count, second.rejects)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real archives are not in {DATA}")
def test_a_recorded_index_of_pipermail(server: MailServer, tmp_path: Path) -> None:
    """Perceval's recorded index and months, plain and packed: 8 messages in 3 files."""
    folder = DATA / "perceval-tests/data/pipermail"
    server.pages["/dev/"] = (folder / "pipermail_index.html").read_bytes()
    for name, month in (("2016-April", "april"), ("2016-March", "march")):
        server.pages[f"/dev/{name}.txt"] = (folder / f"pipermail_2016_{month}.mbox").read_bytes()
    november = (folder / "pipermail_2015_november.mbox").read_bytes()
    server.pages["/dev/2015-November.txt.gz"] = gzip.compress(november)
    read = Read(tmp_path, server.url("/dev/"))
    assert (8, 8) == (len(read.keys), read.claim.count)


# Downloads


def test_a_download_that_breaks_off_goes_on_where_it_was(server: MailServer, tmp_path: Path) -> None:
    """The rest is asked for by its range, after a wait."""
    server.pages["/dev.mbox"] = mbox(*range(200))
    server.breaks_off["/dev.mbox"] = [10_000, 5_000]
    read = Read(tmp_path, server.url("/dev.mbox"))
    assert ids(*range(200)) == read.keys
    assert ["", "bytes=10000-", "bytes=15000-"] == [wanted for _, _, wanted, _ in server.asked]
    assert [1, 2] == waited


def test_a_download_goes_on_in_the_next_run(server: MailServer, tmp_path: Path) -> None:
    """What was fetched before a run ended is kept, and thrown away where the file has changed since."""
    server.pages["/dev.mbox"] = mbox(*range(200))
    for changes in (False, True):
        server.breaks_off["/dev.mbox"] = [10_000] + 3 * [0]
        with pytest.raises(SourceError, match=r"the connection broke|the answer is cut off"):
            Read(tmp_path, server.url("/dev.mbox"))
        server.breaks_off.clear()
        server.asked.clear()
        if changes:
            server.pages["/dev.mbox"] = mbox(*range(1, 201))
        expected = ids(*range(1, 201)) if changes else ids(*range(200))
        assert expected == Read(tmp_path, server.url("/dev.mbox")).keys
        assert [("bytes=10000-", 200 if changes else 206)] == [asked[2:] for asked in server.asked]


def test_a_download_waits_as_long_as_it_is_told(server: MailServer, tmp_path: Path) -> None:
    """Retry-After is heeded, also on 503."""
    server.pages["/dev.mbox"] = mbox(1)
    server.refuses["/dev.mbox"] = [(429, "70"), (503, "")]
    assert ids(1) == Read(tmp_path, server.url("/dev.mbox")).keys
    assert [70, 2] == waited


def test_a_download_larger_than_the_limit_is_refused(
    server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit holds for what a server announces."""
    monkeypatch.setattr(_mail_web, "PATIENCE", replace(_mail_web.PATIENCE, largest_body=1_000))
    server.pages["/dev.mbox"] = mbox(*range(200))
    with pytest.raises(SourceError, match=r"the file has [\d,]+ bytes, more than 1,000"):
        Read(tmp_path, server.url("/dev.mbox"))


def test_an_unchanged_file_is_not_read_again(server: MailServer, tmp_path: Path) -> None:
    """One file at one address is read when its version changes."""
    server.pages["/dev.mbox"] = mbox(1)
    first = Read(tmp_path, server.url("/dev.mbox"))
    second = Read(tmp_path, server.url("/dev.mbox"), first.cursors[-1])
    assert ([], 1, []) == (second.keys, second.claim.count, partly(tmp_path))
    assert [200, 304] == server.statuses("/dev.mbox")


def test_a_bomb_from_the_web_is_left_unread(server: MailServer, tmp_path: Path) -> None:
    """What is small to fetch and large to unpack is stopped, named, and deleted."""
    server.pages["/dev.mbox.gz"] = gzip.compress(mbox(1) + bytes(80 << 20))
    read = Read(tmp_path, server.url("/dev.mbox.gz"))
    assert ["the file unpacks to more than 200 times its size; not read further"] == [
        reject.reason for reject in read.rejects
    ]
    assert [] == partly(tmp_path)


# HyperKitty


def test_hyperkitty_is_read_by_its_monthly_exports(server: MailServer, tmp_path: Path) -> None:
    """Each month from the first that the list's page links to; one that is long over is not asked for again."""
    address = "dev@example.org"
    base = f"/archives/list/{address}"
    months = {"2026-09": mbox(1), "2026-11": mbox(2, 3)}

    def export(query: dict[str, list[str]]) -> bytes | None:
        (start,), (end,) = query["start"], query["end"]
        assert (start[-3:], end[-3:]) == ("-01", "-01")
        return gzip.compress(months.get(start[:7], b""))

    server.has_versions = False
    server.pages[f"{base}/"] = (
        f'<title>HyperKitty</title><a href="/archives/list/{address}/2026/11/">November</a>'
        f'<a href="/archives/list/{address}/2026/9/">September</a>'
        '<a href="/archives/list/other@example.org/2019/9/">other</a>'
    ).encode()
    for month in ("2026-09", "2026-10", "2026-11", "2026-12"):
        server.pages[f"{base}/export/{address}-{month}.mbox.gz"] = export
    first = Read(tmp_path, server.url(f"{base}/"))
    assert (ids(1, 2, 3), 3, "HyperKitty") == (first.keys, first.claim.count, first.format)
    assert ["start=2026-12-01&end=2027-01-01"] == [query for _, query, _, _ in server.asked[-1:]]

    months["2026-11"] += mbox(4)
    server.asked.clear()
    second = Read(tmp_path, server.url(f"{base}/"), first.cursors[-1])
    assert (ids(2, 3, 4), 4) == (second.keys, second.claim.count)
    assert ["2026-10", "2026-11", "2026-12"] == [
        query.partition("start=")[2][:7] for path, query, _, _ in server.asked if "export" in path
    ]


# Pony Mail


class PonyMail:
    """The two calls of Pony Mail's API that we use."""

    def __init__(self, server: MailServer, *, tells_counts: bool) -> None:
        self.months: dict[str, bytes] = {}
        self.counts: dict[str, int] = {}
        self._tells_counts = tells_counts
        server.pages["/api/stats.lua"] = self.stats
        server.pages["/api/mbox.lua"] = self.mbox

    def stats(self, query: dict[str, list[str]]) -> bytes:
        assert (["dev"], ["example.org"]) == (query["list"], query["domain"])
        (first, *_), (*_, last) = sorted(self.months), sorted(self.months)
        told = {"firstYear": int(first[:4]), "firstMonth": int(first[5:])}
        told |= {"lastYear": int(last[:4]), "lastMonth": int(last[5:])}
        return json.dumps(told | ({"active_months": self.counts} if self._tells_counts else {})).encode()

    def mbox(self, query: dict[str, list[str]]) -> bytes:
        assert ["dev@example.org"] == query["list"]
        return self.months.get(query["date"][0], b"")


def test_pony_mail_is_asked_for_months_whose_count_changed(server: MailServer, tmp_path: Path) -> None:
    """Its statistics tell how many messages each month has; a cap on downloads cannot hide any."""
    pony = PonyMail(server, tells_counts=True)
    pony.months = {"2026-07": mbox(1, 2), "2026-09": mbox(3)}
    pony.counts = {"2026-07": 2, "2026-09": 3}
    url = server.url("/list.html?dev@example.org")
    first = Read(tmp_path, url)
    assert (ids(1, 2, 3), "Pony Mail", 5) == (first.keys, first.format, first.claim.count)
    assert ["the archive says it has 2 more messages than it handed out"] == [r.reason for r in first.rejects]
    pony.months["2026-10"], pony.counts["2026-10"] = mbox(4), 1
    server.asked.clear()
    second = Read(tmp_path, url, first.cursors[-1])
    assert (ids(4), 6) == (second.keys, second.claim.count)
    assert 1 == len(server.statuses("mbox.lua"))


def test_a_pony_mail_that_tells_no_counts(server: MailServer, tmp_path: Path) -> None:
    """Then each month from the first is asked for, until it is long over."""
    pony = PonyMail(server, tells_counts=False)
    pony.months = {"2026-08": mbox(1), "2026-11": mbox(2)}
    first = Read(tmp_path, server.url("/api/mbox.lua?list=dev@example.org"))
    assert (ids(1, 2), 5) == (first.keys, len(server.statuses("mbox.lua")))
    server.asked.clear()
    second = Read(tmp_path, server.url("/api/mbox.lua?list=dev@example.org"), first.cursors[-1])
    assert (2, 3) == (second.claim.count, len(server.statuses("mbox.lua")))


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real archives are not in {DATA}")
def test_a_recorded_month_of_pony_mail(server: MailServer, tmp_path: Path) -> None:
    """108 messages, whichever of the two variants of the month is served."""
    found = []
    for variant in ("httpd-users-2020-07.mbox", "httpd-users-2020-07.asf.mbox"):
        pony = PonyMail(server, tells_counts=True)
        pony.months, pony.counts = {"2020-07": (DATA / "ponymail" / variant).read_bytes()}, {"2020-07": 108}
        read = Read(tmp_path, server.url("/list.html?dev@example.org:2020-7"))
        assert (108, 108, []) == (len(read.keys), read.claim.count, read.rejects)
        found.append(sorted(read.keys))
    assert found[0] == found[1]


def test_something_else_at_the_address_of_pony_mail(server: MailServer, tmp_path: Path) -> None:
    """A page that answers otherwise is named with the question it was asked."""
    server.pages["/api/stats.lua"] = b"<html>welcome</html>"
    with pytest.raises(SourceError, match=r"/api/stats\.lua.* does not answer as Pony Mail does"):
        Read(tmp_path, server.url("/list.html?dev@example.org"))


# public-inbox


def test_public_inbox_is_copied_by_its_epochs(server: MailServer, tmp_path: Path) -> None:
    """The epochs under a list's address are found by asking for them; the next run fetches what is new."""
    server.files = tmp_path / "web"
    heads = []
    for number in (0, 1):
        epoch = repository(tmp_path / "web" / "dev" / str(number))
        heads.append(commit(epoch, {"m": message(number)}, None))
        git(epoch, "update-server-info")
    url = server.url("/dev")
    first = Read(tmp_path, url)
    assert (ids(0, 1), "public-inbox v2", 2) == (first.keys, first.format, first.claim.count)
    commit(epoch, {"m": message(2)}, heads[1])
    git(epoch, "update-server-info")
    second = Read(tmp_path, url, first.cursors[-1])
    assert (ids(2), 3) == (second.keys, second.claim.count)
    third = Read(tmp_path, server.url("/dev/1"))
    assert ids(1, 2) == third.keys


# Anything else


def test_a_page_that_is_no_archive_is_said(server: MailServer, tmp_path: Path) -> None:
    """The sentence names the list, the address, and where to look."""
    server.pages["/"] = b"<html><title>Welcome</title></html>"
    with pytest.raises(SourceError) as caught:
        Read(tmp_path, server.url("/"))
    assert (
        f"mailing list 'dev': {server.url('/')} is no archive of mail that is known here. "
        "Check 'location' in ospo.toml."
    ) == str(caught.value)
    with pytest.raises(SourceError, match="is not there, nor is a git repository"):
        Read(tmp_path, server.url("/nothing"))


def test_a_login_in_an_address_is_not_told(server: MailServer, tmp_path: Path) -> None:
    """Neither the place of a message nor an error shows it."""
    server.pages["/dev.mbox"] = mbox(1) + b"From x Fri Jan  2 10:00:00 2015\n\n"
    url = server.url("/dev.mbox?token=abcdefghijkl")
    read = Read(tmp_path, url)
    assert "abcdefghijkl" not in f"{read.rows} {read.rejects} {read.cursors} {read.claim}"


def test_waits_that_are_too_long_are_not_begun(server: MailServer, tmp_path: Path) -> None:
    """A server that asks for a day is left for the next run."""
    server.pages["/dev.mbox"] = mbox(1)
    server.refuses["/dev.mbox"] = [(429, "86400")]
    with pytest.raises(web.WebError, match="asks us to wait for 86,400 seconds"):
        fetch_file(server.url("/dev.mbox"), tmp_path, {}, _mail_web.PATIENCE)
    assert [] == waited
