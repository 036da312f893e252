"""The canary drill: people who are planted into every input, and where a whole run leaves a trace of them."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import canaries
from conftest import Drill
from ospo_metrics import pseudonyms
from ospo_metrics.collect import collect
from ospo_metrics.items import Handed, Reject
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import open_workspace
from ospo_metrics.sources import discover
from ospo_metrics.warehouse import open_warehouse

ATTENDEES = [
    "unknown", "half", "sheet", "latin", "meetupjson", "meetupjsonbroken", "calendar", "calendarbroken",
    "survey",
]  # fmt: skip
IN_PUBLIC = [
    "sheet", "schedule", "feed", "mail", "mailbroken", "git", "coauthor", "github", "githubbroken", "gharchive",
    "gharchivebroken", "catalogue",
]  # fmt: skip


def attendees(folder: Path) -> list[str]:
    """Everything that says who a planted attendee is."""
    lists = [path.stem.replace("-", "") for path in (folder / "outreach/attendance").glob("*-20*.csv")]
    assert len(lists) >= 7
    places = [*ATTENDEES, *lists, *(f"{name}broken" for name in lists)]
    return [canaries.ATTENDEES, *(text for place in places for text in canaries.attendee(place))]


def in_public() -> list[str]:
    """The addresses and names of those who are in public archives."""
    return [canaries.PUBLIC, *(text for place in IN_PUBLIC for text in canaries.public(place))]


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """Plain, in capitals, for a URL, in UTF-16, in base64 at any place, and compressed in a database."""
    needle = canaries.attendee("needle")[0]
    hidden = {
        "plain": needle.encode(),
        "capitals": needle.upper().encode(),
        "url": needle.replace("@", "%40").encode(),
        "utf-16": needle.encode("utf-16"),
        **{f"base64-{n}": base64.b64encode(b"x" * n + needle.encode() + b" and more") for n in range(4)},
    }
    for name, content in hidden.items():
        (tmp_path / name).write_bytes(b"..." + content + b"...")
    with open_warehouse(tmp_path / "w" / "held.duckdb") as connection:
        connection.execute("create table t (payload json using compression zstd)")
        connection.execute("insert into t select '{\"n\": ' || n || '}' from range(100000) as r(n)")
        connection.execute("insert into t values (?)", [json.dumps({"deep": needle})])

    found = canaries.in_files([tmp_path], [needle])

    assert set(hidden) <= {Path(one.split(": ")[0]).name for one in found}
    assert any("main.t.payload" in one for one in found)
    assert canaries.in_files([tmp_path], ["somebody@else.example"]) == []


def test_every_canary_was_read(drill: Drill) -> None:
    """The drill means something only if the inputs arrived: each list, each archive, and each broken part."""
    with open_warehouse(drill.workspace.warehouse, read_only=True) as connection:
        key = pseudonyms.read_key(drill.workspace.folder)
        assert key
        known = {
            one
            for (one,) in connection.execute(
                "select distinct payload ->> '$.attendee_id' from raw.attendance__registrations"
            ).fetchall()
        }
        lists = [
            path.stem.replace("-", "")
            for path in (drill.workspace.folder / "outreach/attendance").glob("*-20*.csv")
            if "User ID" not in path.read_text()
        ]
        planted = {pseudonyms.pseudonym(key, "address", canaries.attendee(name)[0]) for name in lists}
        held = {
            source
            for (source,) in connection.execute(
                " union ".join(
                    f"select '{source}' from raw.{table} where payload::varchar like '%{canaries.PUBLIC}%'"
                    for source, table in (
                        ("git", "git__commits"),
                        ("mail", "mailing_lists__messages"),
                        ("github", "github__issues"),
                        ("commits", "github__commits"),
                        ("gharchive", "gharchive__events"),
                        ("calendars", "calendars__talks"),
                    )
                )
            ).fetchall()
        }
        rejects = {
            source for (source,) in connection.execute("select distinct source from meta.rejects").fetchall()
        }
    assert planted <= known
    assert held == {"git", "mail", "github", "commits", "gharchive", "calendars"}
    assert {
        "attendance",
        "calendars",
        "feeds",
        "mailing_lists",
        "github",
        "gharchive",
        "catalogues",
        "outreach",
    } <= rejects


def test_an_attendee_is_in_the_list_and_nowhere_else(drill: Drill) -> None:
    """No byte and no cell of anything says who attended: warehouse, logs, dbt, Prefect, pages, temporary files."""
    folder = drill.workspace.folder
    needles = attendees(folder)
    assert any((folder / "private/prefect").rglob("prefect.db"))

    assert [] == canaries.in_files([folder / "private", folder / "published", drill.temporary], needles)
    assert [] == canaries.in_bytes(drill.output, needles)
    assert [] == [one for one in drill.seen if canaries.ATTENDEES in one]


def test_an_address_of_a_public_archive_stays_in_private(drill: Drill) -> None:
    """Who is in public archives is in `private/` and in no page, published table, output or temporary file."""
    folder = drill.workspace.folder

    assert [] == canaries.in_files([folder / "published", drill.temporary], in_public())
    assert [] == canaries.in_bytes(drill.output, in_public())
    assert [] == drill.seen


def test_no_log_holds_an_address(drill: Drill) -> None:
    """What programs tell of their work names nobody, also where it stays in `private/`."""
    private = drill.workspace.private
    assert [] == canaries.in_files([private / "dbt", private / "prefect"], in_public())


@pytest.mark.parametrize("name", ["attendance", "mailing_lists"])
def test_a_crash_report_holds_no_address(
    drill: Drill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A source that fails in the middle of a row tells where, and nothing of the row, in its log or its sentence."""
    folder = tmp_path / "workspace"
    shutil.copytree(drill.workspace.folder, folder)
    workspace = open_workspace(folder)
    address, called = canaries.attendee("crash") if name == "attendance" else canaries.public("crash")
    source = discover()[name]

    def fail(*_: object, **__: object) -> Iterator[Handed]:
        yield Reject("here:1", "nothing")
        try:
            int(f"{called} <{address}>" if name == "attendance" else address)
        except ValueError:
            raise KeyError(f"no column for {address}") from None

    monkeypatch.setattr(source, "read", fail)

    collected = collect(workspace, source, "run-crash", Quiet())

    (sentence, *_) = collected.failures
    assert "unexpected KeyError" in sentence
    log = (workspace.private / "logs/run-crash.log").read_text()
    assert "in fail" in log
    assert "KeyError" in log
    domain = address.partition("@")[2]
    needles = [address, domain, *([called] if name == "attendance" else [])]
    assert [] == canaries.in_bytes((sentence + log).encode(), needles)
    (workspace.private / "logs/run-crash.log").unlink()
    assert [] == canaries.in_files([workspace.private], needles[:1])
