"""Registers of who is who: recognised by content, read whole, and blind for whoever opted out."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conftest import SHARED
from ospo_metrics.collect import collect
from ospo_metrics.items import Checkpoint, Claim, Context, Instance, Item, Reject, SourceError
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import open_workspace
from ospo_metrics.sources import identities
from ospo_metrics.warehouse import open_warehouse
from scripted_server import Reply, ScriptedServer

NOW = datetime(2026, 6, 1, tzinfo=UTC)
GITDM = SHARED / "E_identity" / "gitdm"
FIXTURES = SHARED / "E_identity" / "sortinghat-old-tests-data"
SETTINGS = """\
[ospo]
name = "Example OSPO"

[[communities]]
id = "storage"
name = "Storage"
projects = ["example/fastfs"]

[[sources.identities]]
id = "registers"
location = "registers"
"""
DEVELOPERS = """\
# who works where
Ada L: ada!quill.example, ada.l!post.test
\tBrass until 2015-01-01
\tQuill until 2018-06-01
\tTallow
Bob: bob!brass.example
\tBrass
"""


def read(folder: Path, location: str, form: str = "auto", cursor: dict[str, Any] | None = None) -> list[Any]:
    instance = Instance("registers", None, identities.Location(location, form))
    return list(identities.read(instance, "people", Context(folder, NOW, cursor or {})))


def people(handed: list[Any]) -> list[dict[str, Any]]:
    return [json.loads(one.payload) for one in handed if isinstance(one, Item) and not one.stream]


def organizations(handed: list[Any]) -> dict[str, list[str]]:
    found = [json.loads(one.payload) for one in handed if isinstance(one, Item) and one.stream]
    return {one["name"]: [domain["domain"] for domain in one["domains"]] for one in found}


def rejects(handed: list[Any]) -> list[tuple[str, str]]:
    return [(one.location, one.reason) for one in handed if isinstance(one, Reject)]


def cursor_of(handed: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        json.dumps([one for one in handed if isinstance(one, Checkpoint)][-1].cursor)
    )
    return found


@pytest.mark.skipif(not GITDM.is_dir(), reason=f"gitdm of 2019 is not in {GITDM}")
def test_the_real_gitdm_is_imported_in_seconds() -> None:
    """33,136 developers with 41,738 affiliations, 8,603 of them ended, at 7,539 companies; two opted out of it."""
    began = time.monotonic()
    handed = read(GITDM, "developers_affiliations*.txt")
    took = time.monotonic() - began
    found = people(handed)
    entries = [entry for one in found for entry in one["enrollments"]]
    told = [one.how for one in handed if isinstance(one, Claim)]

    blind = (GITDM / "cncf-config" / "forbidden.csv").read_text().split()
    left_out, jobs, ended, companies = _spelled_out(set(blind))
    assert left_out == 2
    assert (33_136, 41_738, 8_603, 7_539) == (
        len(found) + left_out,
        len(entries) + jobs,
        sum(entry["until"] is not None for entry in entries) + ended,
        len({entry["organization"] for entry in entries} | companies),
    )
    assert told[0] == "people in 3 gitdm developers; 2 more left out because they opted out"
    assert rejects(handed) == [
        ("developers_affiliations1.txt:28601", "an address has no '!', or more than one")
    ]
    sums = {
        hashlib.sha256(spelling.encode()).hexdigest()
        for one in found
        for identity in one["identities"]
        for spelling in (identity["value"], identity["value"].replace("@", "!"))
    }
    assert sums & set(blind) == set()
    assert took < 20


def _spelled_out(blind: set[str]) -> tuple[int, int, int, set[str]]:
    """Whom the list of hashes names, found in another way: how many, their affiliations, ended ones, companies."""
    people_found = jobs = ended = 0
    companies = set()
    is_blind = False
    for path in sorted(GITDM.glob("developers_affiliations*.txt")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line.startswith("\t") and is_blind:
                company, _, until = line.strip().partition(" until ")
                jobs, ended = jobs + 1, ended + bool(until)
                companies.add(company)
            elif line and line[0] not in "\t#":
                words = line.replace(": ", "\n", 1).replace(", ", "\n").split("\n")
                words += [word.replace("!", "@") for word in words]
                is_blind = any(hashlib.sha256(word.encode()).hexdigest() in blind for word in words)
                people_found += is_blind
    return people_found, jobs, ended, companies


READ = {
    "gitdm_email_aliases_valid.txt": (3, 0, 0),
    "gitdm_email_to_employer_valid.txt": (4, 0, 0),
    "gitdm_orgs_invalid_comments.txt": (0, 3, 1),
    "gitdm_orgs_invalid_entries.txt": (0, 3, 1),
    "gitdm_orgs_invalid_entries_alt.txt": (0, 5, 1),
    "gitdm_orgs_valid.txt": (0, 3, 0),
    "gitdm_orgs_valid_alt.txt": (0, 5, 0),
    "sortinghat_blacklist_empty_strings.json": (3, 3, 0),
    "sortinghat_identities_profiles.json": (3, 3, 1),
    "sortinghat_identities_source.json": (1, 0, 0),
    "sortinghat_identities_valid.json": (3, 0, 0),
    "sortinghat_ids_dates_out_of_bounds.json": (1, 3, 0),
    "sortinghat_ids_invalid_date.json": (3, 3, 1),
    "sortinghat_ids_invalid_is_bot.json": (3, 3, 1),
    "sortinghat_ids_invalid_range_gender_acc.json": (3, 3, 0),
    "sortinghat_ids_invalid_type_gender_acc.json": (3, 3, 0),
    "sortinghat_ids_missing_keys.json": (3, 3, 0),
    "sortinghat_no_strict_valid.json": (1, 0, 0),
    "sortinghat_orgs.json": (0, 3, 0),
    "sortinghat_orgs_invalid_top.json": (0, 3, 1),
    "sortinghat_orgs_missing_keys.json": (0, 3, 1),
    "sortinghat_orgs_valid.json": (0, 3, 0),
    "sortinghat_orgs_valid_alt.json": (0, 4, 0),
    "sortinghat_valid.json": (3, 3, 0),
    "sortinghat_valid_no_gender.json": (1, 3, 0),
    "sortinghat_valid_updated.json": (4, 3, 0),
    "stackalytics_ids_missing_keys.json": (2, 2, 1),
    "stackalytics_orgs_missing_keys.json": (2, 2, 1),
    "stackalytics_valid.json": (2, 2, 0),
}
"""People, organizations and rejects of the fixtures that are read; of all others, a sentence says why not."""


@pytest.mark.skipif(not FIXTURES.is_dir(), reason=f"SortingHat's fixtures are not in {FIXTURES}")
def test_the_fixtures_of_sortinghat_are_read_or_refused_with_a_sentence() -> None:
    """29 of 64 files, valid or with something broken in them, are read, and every other one is refused by name."""
    found: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for path in sorted(FIXTURES.iterdir()):
        try:
            handed = read(FIXTURES, path.name)
        except SourceError as error:
            refused[path.name] = str(error)
            continue
        claims = [one.count for one in handed if isinstance(one, Claim)]
        counts = (len(people(handed)), len(organizations(handed)), len(rejects(handed)))
        assert sum(claims) == sum(counts)
        found[path.name] = counts

    assert len(refused) + len(found) == 64
    for name, sentence in refused.items():
        assert name in sentence
        assert (
            "broken JSON (line" in sentence
            or "read are SortingHat JSON" in sentence
            or ("which are SortingHat JSON" in sentence)
        )
    assert found == READ


def test_developers_follow_their_employers(tmp_path: Path) -> None:
    """Each employer of gitdm begins when the one before it ends, and addresses are written as addresses are."""
    (tmp_path / "developers.txt").write_text(DEVELOPERS)

    assert people(read(tmp_path, "developers.txt")) == [
        {
            "register": "gitdm developers",
            "identities": [
                {"kind": "name", "value": "Ada L"},
                {"kind": "address", "value": "ada@quill.example"},
                {"kind": "address", "value": "ada.l@post.test"},
            ],
            "enrollments": [
                {"organization": "Brass", "from": None, "until": "2015-01-01"},
                {"organization": "Quill", "from": "2015-01-01", "until": "2018-06-01"},
                {"organization": "Tallow", "from": "2018-06-01", "until": None},
            ],
            "is_bot": None,
        },
        {
            "register": "gitdm developers",
            "identities": [
                {"kind": "name", "value": "Bob"},
                {"kind": "address", "value": "bob@brass.example"},
            ],
            "enrollments": [{"organization": "Brass", "from": None, "until": None}],
            "is_bot": None,
        },
    ]


@pytest.mark.parametrize("spelling", ["ada.l@post.test", "ada.l!post.test", "AdaL"])
def test_whoever_opted_out_is_not_taken(tmp_path: Path, spelling: str) -> None:
    """By the SHA-256 of an address in either spelling, or of the name, in the list that lies beside the register."""
    (tmp_path / "developers.txt").write_text(DEVELOPERS)
    digest = hashlib.sha256(spelling.encode()).hexdigest()
    (tmp_path / "forbidden.csv").write_text(f"sha\n{digest}\n")

    handed = read(tmp_path, "developers.txt")

    assert "ada" not in str([one for one in handed if not isinstance(one, Checkpoint)]).lower()
    assert [one["identities"][0]["value"] for one in people(handed)] == ["Bob"]
    assert (handed[-2].count, handed[-2].how) == (
        1,
        "people in 1 gitdm developers; 1 more left out because they opted out",
    )


def test_a_broken_entry_is_named_and_the_rest_is_taken(tmp_path: Path) -> None:
    """The place is told and no name or address; where one company has no readable day, none is guessed."""
    (tmp_path / "developers.txt").write_text(
        "\tNobody's Company\n"
        "Ada: ada!quill.example, ada-at-post.test\n\tBrass until sometime\n\tQuill\n"
        "no colon and no address\n"
        "Bob: bob!brass.example\n\tBrass\nCy: cy!brass.example\n"
    )
    handed = read(tmp_path, "developers.txt")

    assert [(one["identities"][0]["value"], len(one["enrollments"])) for one in people(handed)] == [
        ("Ada", 0),
        ("Bob", 1),
        ("Cy", 0),
    ]
    assert [(place.rpartition(":")[2], what) for place, what in rejects(handed)] == [
        ("1", "a company without anybody above it"),
        ("2", "an address has no '!', or more than one"),
        ("3", "'until' is no date; write it as 2026-01-31; of this person no company is taken"),
        ("5", "it is neither 'name: user!domain' nor an indented company"),
    ]
    assert handed[-2].count == 3 + 4


def test_a_user_name_of_another_place_is_no_login(tmp_path: Path) -> None:
    """Only what a register calls a GitHub account is taken for one, or all people called "dave" would be merged."""
    entry = {
        "uuid": "a",
        "enrollments": [],
        "profile": {"name": None, "email": None, "is_bot": True, "country": {"code": "US"}, "gender": "male"},
        "identities": [
            {"source": "github", "username": "dave", "name": None, "email": None},
            {"source": "jira", "username": "dave2", "name": "Dave", "email": "dave@x.test"},
        ],
    }
    (tmp_path / "hat.json").write_text(
        json.dumps({"organizations": {}, "blacklist": ["Dave"], "uidentities": {"a": entry}})
    )

    handed = read(tmp_path, "hat.json")

    assert people(handed) == [
        {
            "register": "SortingHat",
            "identities": [
                {"kind": "login", "value": "dave"},
                {"kind": "address", "value": "dave@x.test"},
                {"kind": "username", "value": "dave2"},
            ],
            "enrollments": [],
            "is_bot": True,
        }
    ]
    assert handed[-2].how == (
        "people in 1 SortingHat; 1 names and addresses left out because the register excludes them"
    )


def test_a_form_that_was_not_asked_for_is_refused(tmp_path: Path) -> None:
    """Who says which form it is, is told when it is another; and what is none names those that are read."""
    (tmp_path / "developers.txt").write_text(DEVELOPERS)
    (tmp_path / "people.yml").write_text("- profile:\n    name: Ada\n  email:\n    - ada@x.test\n")

    with pytest.raises(SourceError, match=r"it is gitdm developers, and 'format' says sortinghat"):
        read(tmp_path, "developers.txt", "sortinghat")
    with pytest.raises(
        SourceError, match=r"people\.yml: it is none of the registers that are read, which are Sort"
    ):
        read(tmp_path, "people.yml")
    with pytest.raises(SourceError, match=r"nowhere\.txt matches no file\. Check 'location' in ospo\.toml\."):
        read(tmp_path, "nowhere.txt")


def test_a_register_that_breaks_keeps_what_it_said(tmp_path: Path) -> None:
    """Half a file is no reason to forget everybody: the run says so, and what was held stays."""
    whole = json.dumps({"organizations": {}, "uidentities": {}})
    (tmp_path / "hat.json").write_text(whole)
    cursor = cursor_of(read(tmp_path, "hat.json"))
    assert [type(one) for one in read(tmp_path, "hat.json", cursor=cursor)] == [Checkpoint, Claim, Claim]
    (tmp_path / "hat.json").write_text(whole[:-3])

    with pytest.raises(SourceError, match=r"was a register and cannot be read any more: it is broken JSON"):
        read(tmp_path, "hat.json", cursor=cursor)


def test_every_night_adds_up(tmp_path: Path) -> None:
    """What is held, gone and set aside is what the register says, after each change of its files."""
    (tmp_path / "ospo.toml").write_text(SETTINGS)
    folder = tmp_path / "registers"
    folder.mkdir()
    (folder / "developers.txt").write_text(DEVELOPERS + "Cy: cy-at-x\n")
    (folder / "domain-map").write_text("quill.example Quill\nbrass.example Brass\nno company.example\n")
    (folder / "README").write_text("This is no register at all.\n")
    expected = [
        [("organizations", 2, 1), ("people", 3, 2)],
        [("organizations", 2, 1), ("people", 3, 2)],
        [("organizations", 1, 0), ("people", 1, 1)],
        [("organizations", 0, 0), ("people", 2, 0)],
    ]

    def change(night: int) -> None:
        if night == 2:
            (folder / "developers.txt").write_text("Bob: bob!brass.example\n\tBrass\n")
            (folder / "domain-map").write_text("quill.example Quill\n")
        if night == 3:
            (folder / "domain-map").unlink()
            (folder / "README").unlink()

    for night, wanted in enumerate(expected):
        change(night)
        collected = collect(open_workspace(tmp_path), identities, f"night {night}", Quiet())  # type: ignore[arg-type]
        assert collected.failures == []
        with open_warehouse(open_workspace(tmp_path).warehouse) as connection:
            rows = connection.execute(
                "select stream, held, rejects, gap from meta.reconciliation order by all"
            ).fetchall()
        assert rows == [(*row, 0) for row in wanted], night


def test_a_register_on_the_web_is_fetched(tmp_path: Path) -> None:
    """A location may be a web address; what does not answer is told with it."""
    with ScriptedServer() as server:
        server.otherwise = lambda asked: (
            Reply(body=DEVELOPERS.encode(), headers={"Content-Type": "text/plain"})
            if asked.path == "/developers.txt"
            else Reply(status=404)
        )
        handed = read(tmp_path, f"{server.url}/developers.txt")
        with pytest.raises(SourceError, match=r"identities 'registers': .*404"):
            read(tmp_path, f"{server.url}/gone.txt")

    assert [one["identities"][0]["value"] for one in people(handed)] == ["Ada L", "Bob"]
    assert [one.location for one in handed if isinstance(one, Item)] == ["registers:2", "registers:6"]
    assert handed[-2].observed_until == NOW
