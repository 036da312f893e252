"""The simulation: the same every time, true in every file, and with the effects that were planted."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import re
import statistics
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from email import message_from_bytes
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from graphql import GraphQLNonNull, GraphQLSchema, build_schema, get_named_type
from openpyxl import load_workbook

from ospo_metrics.paths import expand
from ospo_metrics.settings import open_workspace
from ospo_metrics.simulation import NotSimulatedError, is_current, plan, simulate
from ospo_metrics.simulation.world import imagine

SEPARATOR = re.compile(
    rb"From (\S+(?: at \S+)?)  ?([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})"
)
MADE_UP = re.compile(r"(.*\.)?(example|test|example\.(com|org|net))|users\.noreply\.github\.com")
BERLIN = ZoneInfo("Europe/Berlin")
SMALL = {"seed": 7, "scale": 0.2}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "demo"
    simulate(folder, **SMALL)
    return folder


@pytest.fixture(scope="module")
def truth(small: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((small / "truth.json").read_text(encoding="utf-8"))
    return told


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return simulate(tmp_path_factory.mktemp("full"), scale=2)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def git(folder: Path, *command: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *command], check=True, capture_output=True)
    return done.stdout.decode("utf-8", "replace").strip()


def archive(path: Path) -> Iterator[tuple[bytes, Any]]:
    """The messages of an archive, cut where a line looks like a separator with a date."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    begun: list[list[bytes]] = []
    for line in text.splitlines(keepends=True):
        if SEPARATOR.match(line):
            begun.append([line])
        else:
            begun[-1].append(line)
    for first, *rest in begun:
        yield first, message_from_bytes(b"".join(rest))


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes(small: Path, tmp_path: Path) -> None:
    """Two runs differ in no byte of any file, wherever and whenever they run, git objects included."""
    program = "import pathlib, sys; from ospo_metrics.simulation import simulate; "
    program += "simulate(pathlib.Path(sys.argv[1]), seed=7, scale=0.2)"
    elsewhere = {"PYTHONHASHSEED": "99", "TZ": "Asia/Tokyo", "GIT_AUTHOR_NAME": "Somebody Else"}
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "again")], check=True, env={**os.environ, **elsewhere}
    )
    assert digests(small) == digests(tmp_path / "again")


def test_another_seed_gives_another_world(truth: dict[str, Any], tmp_path: Path) -> None:
    """Nothing of what people do is fixed beside the seed."""
    other = simulate(tmp_path / "other", seed=8, scale=0.2)
    assert truth["people"] != other["people"]
    assert truth["conversations"] != other["conversations"]


def test_the_returned_truth_is_the_written_one(small: Path, tmp_path: Path) -> None:
    """A caller may use what `simulate` returns, or read truth.json: both say the same."""
    told = simulate(tmp_path / "demo", **SMALL)
    assert json.loads((tmp_path / "demo" / "truth.json").read_text(encoding="utf-8")) == told


def test_the_settings_name_every_source_and_each_is_there(small: Path) -> None:
    """The workspace opens as it is, and every location in it leads to a file."""
    workspace = open_workspace(small)
    sources = workspace.settings.sources
    assert (small / "ospo.toml").read_text().startswith("# Simulated data")
    assert [len(sources.git), len(sources.mailing_lists), len(sources.calendars)] == [8, 3, 3]
    assert sources.github is not None
    assert sources.github.recorded == "github"
    for source in (*sources.git, *sources.mailing_lists, *sources.calendars, *sources.feeds):
        assert expand(small, source.location)


def test_git_holds_as_many_commits_as_the_truth_says(small: Path, truth: dict[str, Any]) -> None:
    """Commits, merges and the newest commit of every repository are what git itself counts."""
    for project, told in truth["files"]["git"].items():
        folder = small / "git" / f"{project}.git"
        assisted = git(folder, "log", "--grep=Co-authored-by: Synthetic Copilot", "--format=%H")
        assert told["commits"] == int(git(folder, "rev-list", "--count", "--all"))
        assert told["merges"] == int(git(folder, "rev-list", "--count", "--merges", "--all"))
        assert told["head"] == git(folder, "rev-parse", "HEAD")
        assert told["agent_assisted"] == len(assisted.splitlines())
        git(folder, "fsck", "--strict")


def test_one_author_writes_latin_1(small: Path, truth: dict[str, Any]) -> None:
    """Some commits declare Latin-1 and read well, others do not declare it and hold undecodable bytes."""
    declared, undeclared = 0, 0
    for told in truth["files"]["git"].values():
        lines = git(small / told["location"], "log", "--all", "--format=%e|%an").splitlines()
        counted = [
            sum(line.startswith("ISO-8859-1|") for line in lines),
            sum("\ufffd" in line for line in lines),
        ]
        assert counted == [told["latin_1_commits_declared"], told["latin_1_commits_undeclared"]]
        declared, undeclared = declared + counted[0], undeclared + counted[1]
    assert declared > 0
    assert undeclared > 0


THREADS = ("issue", "change_request")


def recorded(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What is recorded of one repository, by stream."""
    return {path.stem: rows(path) for path in sorted(folder.glob("*.jsonl"))}


def test_the_recorded_answers_hold_what_the_truth_says(small: Path, truth: dict[str, Any]) -> None:
    """Issues, change requests and comments of every repository, counted in the files."""
    for project, told in truth["files"]["github"].items():
        held = recorded(small / "github" / project)
        (about,) = held["repositories"]
        assert about["stargazerCount"] == sum(sum(week["days"]) for week in held["star_history"])
        issues, changes = held["issues"], held["change_requests"]
        comments = held["issue_comments"] + held["change_request_comments"]
        merged = sum(node["mergedAt"] is not None for node in changes)
        assert told == {
            "issues_and_change_requests": len(issues) + len(changes),
            "issues": len(issues),
            "change_requests": len(changes),
            "change_requests_merged": merged,
            "comments": len(comments),
            "stars": about["stargazerCount"],
            "ghosts": sum(node["author"] is None for node in (*issues, *changes, *comments)),
        }
        assert about["nameWithOwner"] == project
        assert [
            about[field]["totalCount"] for field in ("issues", "pullRequests", "mergedPullRequests", "labels")
        ] == [len(issues), len(changes), merged, len(held["labels"])]
        for thread in THREADS:
            for stream, count in (("comments", "totalCount"), ("events", "filteredCount")):
                field = {"comments": "comments", "events": "timelineItems"}[stream]
                assert Counter(node["number"] for node in held[f"{thread}_{stream}"]) == Counter(
                    {node["number"]: node[field][count] for node in held[f"{thread}s"] if node[field][count]}
                )


def test_whoever_acted_has_a_profile(small: Path, truth: dict[str, Any]) -> None:
    """Everybody who opened or said something in a repository is among its people, and nobody else."""
    for project, count in truth["files"]["profiles"].items():
        held = recorded(small / "github" / project)
        comments = held["issue_comments"] + held["change_request_comments"]
        acted = {login_of(node["author"]) for node in [*held["issues"], *held["change_requests"], *comments]}
        assert {login_of(person) for person in held["people"]} == acted - {None}
        assert count == len(held["people"])


def test_the_register_says_what_is_so(small: Path, truth: dict[str, Any]) -> None:
    """Whoever is in the register worked there at that time, and has these addresses."""
    told = truth["files"]["identities"]
    content = json.loads((small / told["location"]).read_text(encoding="utf-8"))
    jobs = defaultdict(set)
    for person in truth["people"]:
        for job in person["affiliations"]:
            jobs[job["address"]].add((job["organization"], job["from"] is None, job["until"] is None))
    entries = content["uidentities"].values()
    found = {
        (identity["email"], len(entry["enrollments"]))
        for entry in entries
        for identity in entry["identities"]
        if identity["email"] in jobs
    }
    for entry in entries:
        addresses = {identity["email"] for identity in entry["identities"]}
        true = set().union(*(jobs[address] for address in addresses if address in jobs), set())
        if true:
            assert true == {
                (job["organization"], job["start"].startswith("1900"), job["end"].startswith("2100"))
                for job in entry["enrollments"]
            }
    assert len(found) > 10
    assert told == {
        "location": "registers/people.json",
        "people": len(entries),
        "employments": sum(len(entry["enrollments"]) for entry in entries),
        "organizations": len(content["organizations"]),
    }


def test_whoever_closed_is_told(small: Path) -> None:
    """Each closed issue or change request has its closing, each merged one its merge too, at the same second."""
    for path in sorted((small / "github").rglob("repositories.jsonl")):
        held = recorded(path.parent)
        for thread in THREADS:
            told = Counter(
                (node["number"], node["__typename"], node["createdAt"]) for node in held[f"{thread}_events"]
            )
            nodes = held[f"{thread}s"]
            closed = [(node["number"], "ClosedEvent", node["closedAt"]) for node in nodes if node["closedAt"]]
            merged = [
                (node["number"], "MergedEvent", node["mergedAt"]) for node in nodes if node.get("mergedAt")
            ]
            assert told == Counter(closed + merged)


def test_ids_are_unique_over_all_repositories(small: Path) -> None:
    """As on GitHub, no two things of a kind share an id, and no two things at all share a node id.

    An account that acted in several repositories is one thing, and tells the same of itself everywhere.
    """
    of_kind, nodes = defaultdict(list), []
    profiles: dict[str, dict[str, Any]] = {}
    for path in sorted((small / "github").rglob("*.jsonl")):
        for row in rows(path) if path.stem not in ("commits", "star_history") else ():
            if path.stem == "people":
                assert profiles.setdefault(row["id"], row) == row
                continue
            of_kind[path.stem.removeprefix("issue_").removeprefix("change_request_")].append(
                row.get("fullDatabaseId", row["id"])
            )
            nodes.append(row["id"])
    nodes += profiles
    of_kind["people"] = [row["databaseId"] for row in profiles.values()]
    assert len(nodes) == len(set(nodes))
    assert all(len(ids) == len(set(ids)) for ids in of_kind.values())


OURS = {"repositories": {"asOf"}, "issue_comments": {"number"}, "change_request_comments": {"number"},
        "issue_events": {"number"}, "change_request_events": {"number"}}  # fmt: skip
ALIASES = {
    "openIssues": "issues", "openPullRequests": "pullRequests", "closedPullRequests": "pullRequests",
    "mergedPullRequests": "pullRequests", "newestIssue": "issues", "newestPullRequest": "pullRequests",
    "newestDiscussion": "discussions", "newestMilestone": "milestones", "latestReleases": "releases",
}  # fmt: skip


def test_the_recorded_answers_are_nodes_of_githubs_schema(small: Path) -> None:
    """Every field has its name and type in GitHub's GraphQL, but for the few that we add."""
    schema = build_schema((Path(__file__).parent / "github_schema.graphql").read_text(encoding="utf-8"))
    types = {
        "repositories": "Repository",
        "issues": "Issue",
        "change_requests": "PullRequest",
        "labels": "Label",
        "commits": "Commit",
    }
    for path in sorted((small / "github").rglob("*.jsonl")):
        for row in (
            rows(path) if path.stem != "star_history" else ()
        ):  # which GitHub tells by its REST API only
            node = {name: value for name, value in row.items() if name not in OURS.get(path.stem, ())}
            name = node.get("__typename") or types.get(path.stem, "IssueComment")
            check_node(schema, name, node, f"{path.parent.name}/{path.stem}")


def check_node(schema: GraphQLSchema, name: str, node: dict[str, Any], place: str) -> None:
    fields: Any = schema.type_map[str(node.get("__typename", name))]
    for key, value in node.items():
        if key == "__typename":
            continue
        assert ALIASES.get(key, key) in fields.fields, f"{place}: {fields.name} has no {key}"
        kind = fields.fields[ALIASES.get(key, key)].type
        assert value is not None or not isinstance(kind, GraphQLNonNull), (
            f"{place}: {fields.name}.{key} is null"
        )
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                check_node(schema, get_named_type(kind).name, one, place)


def test_merged_change_requests_name_commits_that_exist(small: Path) -> None:
    """GitHub says which commit a change request became; that commit is in the repository."""
    for path in sorted((small / "github").rglob("change_requests.jsonl")):
        project = "/".join(path.parts[-3:-1])
        there = set(git(small / "git" / f"{project}.git", "rev-list", "--all").split())
        merged = {node["mergeCommit"]["oid"] for node in rows(path) if node["mergedAt"]}
        assert merged <= there


def test_archives_hold_the_messages_and_faults_that_the_truth_says(
    small: Path, truth: dict[str, Any]
) -> None:
    """Separators, distinct messages, duplicates and broken ones of every list, counted independently."""
    for mailing_list, told in truth["files"]["mailing_lists"].items():
        paths = sorted((small / "archives" / mailing_list).iterdir())
        found = [each for path in paths for each in archive(path)]
        messages = [message for _, message in found if message["From"]]
        ids = [message["Message-ID"] for message in messages if message["Message-ID"]]
        without_id = sum(message["Message-ID"] is None for message in messages)
        assert told["files"] == len(paths)
        assert told["separators"] == len(found)
        assert told["broken"] == len(found) - len(messages)
        assert told["duplicates"] == len(ids) - len(set(ids))
        assert told["messages"] == len(set(ids)) + without_id
        kinds = Counter(fault["fault"] for fault in told["faults"])
        assert kinds["no_message_id"] == without_id
        assert kinds["unescaped_from_line"] == told["lines_that_begin_with_from"] - told["separators"]
        assert set(kinds) == {
            "no_message_id", "impossible_date", "duplicate", "unescaped_from_line", "wrong_charset", "empty"
        }  # fmt: skip


def test_schedules_hold_our_talks_and_many_others(small: Path, truth: dict[str, Any]) -> None:
    """Each talk that is ours names its project where the truth says, and no other talk links to us."""
    names = [each.id for community in plan.COMMUNITIES for each in community.repositories]
    for told in truth["files"]["calendars"].values():
        talks = ElementTree.parse(small / told["location"]).findall(".//event")
        ours = {talk["talk_id"]: talk for talk in told["our_talks"]}
        assert told["talks"] == len(talks) == 150
        for talk in talks:
            links = [link.get("href") for link in talk.findall("links/link")]
            text = f"{talk.findtext('title')} {talk.findtext('abstract')} {links}"
            linked = [name for name in names if f"https://github.com/{name}'" in text.replace('"', "'")]
            if (one := ours.get(str(talk.get("id")))) is None:
                assert linked == []
            elif one["told_by"] == "project name in the title":
                assert one["project"].split("/")[1] in str(talk.findtext("title"))
            else:
                assert linked == [one["project"]]


def test_outreach_files_have_the_rows_that_the_truth_says(small: Path, truth: dict[str, Any]) -> None:
    """Spreadsheets, attendance exports and the calendar, counted independently."""
    told = truth["files"]
    for name, count in told["outreach"]["spreadsheets"].items():
        if name == "costs":
            book = load_workbook(small / "outreach" / "costs.xlsx")
            assert count == len(list(book.active.iter_rows(min_row=2)))
            continue
        with (small / "outreach" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert count == len(list(csv.DictReader(file)))
    for export in told["attendance"].values():
        with (small / export["location"]).open(encoding="utf-8-sig", newline="") as file:
            table = list(csv.reader(file))
        if (
            export["tool"] == "zoom"
        ):  # its table of attendees is the last; who joined again stands in it twice
            start = table.index(["Attendee Details"]) + 1
            assert export["rows"] == len({row[4] for row in table[start + 1 :]})
            assert {len(row) for row in table[start:] if row != ["Attendee Details"]} == {len(table[start])}
            continue
        assert export["rows"] == len(table) - 1
        assert {len(row) for row in table} == {len(table[0])}
    calendar = told["outreach"]["calendar"]
    text = (small / calendar["location"]).read_bytes().decode()
    assert calendar["entries"] == text.count("BEGIN:VEVENT\r\n")
    assert max(len(line) for line in text.split("\r\n")) <= 75


def acts(small: Path) -> Iterator[tuple[str, str, str, datetime]]:
    """Every contribution as the files show it: project, kind of identity, identity, instant."""
    for path in sorted((small / "git").rglob("*.git")):
        project = "/".join(path.parts[-2:]).removesuffix(".git")
        for line in git(path, "-c", "mailmap.blob=", "log", "--all", "--format=%ae %aI").splitlines():
            address, at = line.split(" ")
            yield project, "address", address, datetime.fromisoformat(at)
    for path in sorted((small / "github").rglob("*.jsonl")):
        for row in rows(path):
            if row.get("author") is not None and path.stem != "commits":  # git tells of those
                at = datetime.fromisoformat(row["createdAt"])
                yield "/".join(path.parts[-3:-1]), "login", login_of(row["author"]), at
    seen: set[str] = set()
    for path in sorted((small / "archives").rglob("*.*")):
        for separator, message in archive(path):
            key = message["Message-ID"] or str(separator)
            if message["From"] and key not in seen:
                seen.add(key)
                sender = str(message["From"])
                spelled = re.fullmatch(r"(\S+) at (\S+) \(.*\)", sender, re.DOTALL)
                address = f"{spelled[1]}@{spelled[2]}" if spelled else parseaddr(sender)[1]
                yield path.parts[-2], "address", address, sent(separator, message["Date"])


def login_of(author: dict[str, str] | None) -> str | None:
    """The login as REST has it: GraphQL leaves out the "[bot]" of a bot's."""
    return author and author["login"] + ("[bot]" if author["__typename"] == "Bot" else "")


def sent(separator: bytes, date: str) -> datetime:
    try:
        return parsedate_to_datetime(date)
    except ValueError:
        found = SEPARATOR.match(separator)
        assert found is not None
        return datetime.strptime(found[2].decode() + " +0000", "%a %b %d %H:%M:%S %Y %z")


def test_monthly_counts_follow_from_the_files(small: Path, truth: dict[str, Any]) -> None:
    """Whoever reads all files and knows whose each identity is counts the truth's people, month by month."""
    people = {person["id"]: person for person in truth["people"]}
    owner = {(i["kind"], i["value"]): p["id"] for p in truth["people"] for i in p["identities"]}
    community = {project: each["id"] for each in truth["communities"] for project in each["projects"]}
    active, first = defaultdict(set), {}
    for project, kind, identity, at in sorted(acts(small), key=lambda act: act[3]):
        who = owner[kind, identity]
        segments = segments_of(people[who], at)
        month = f"{at.astimezone(BERLIN):%Y-%m}"
        for scope in (("project", project), ("community", community[project]), ("program", "program")):
            for segment in segments:
                active[*scope, month, segment].add(who)
            first.setdefault((*scope, who), [(*scope, month, segment) for segment in segments])
    new = Counter(row for found in first.values() for row in found)
    expected = {
        (*scope, month, segment): (len(who), new[*scope, month, segment])
        for (*scope, month, segment), who in active.items()
        if month in truth["period"]["months"]
    }
    assert expected == {
        (row["scope_kind"], row["scope_id"], row["month"], row["segment"]): (
            row["contributors"],
            row["new_contributors"],
        )
        for row in truth["monthly"]
    }


def segments_of(person: dict[str, Any], at: datetime) -> tuple[str, ...]:
    if person["kind"] != "human":
        return (person["kind"] + "s",)
    is_own = any(
        job["organization"] == "Example Corp"
        and (job["from"] is None or datetime.fromisoformat(job["from"]) <= at)
        and (job["until"] is None or at < datetime.fromisoformat(job["until"]))
        for job in person["affiliations"]
    )
    return ("people", "own" if is_own else "outside")


def test_first_responses_follow_from_the_files(small: Path, truth: dict[str, Any]) -> None:
    """The first comment by another human is the truth's first response; bots and agents do not count."""
    kind = {person["login"]: person["kind"] for person in truth["people"] if person["login"]}
    opener, first = {}, {}
    for path in sorted((small / "github").rglob("repositories.jsonl")):
        held, project = recorded(path.parent), "/".join(path.parts[-3:-1])
        for row in held["issues"] + held["change_requests"]:
            opener[f"{project}#{row['number']}"] = login_of(row["author"])
        comments = held["issue_comments"] + held["change_request_comments"]
        for row in sorted(comments, key=lambda comment: comment["createdAt"]):
            login, key = login_of(row["author"]), f"{project}#{row['number']}"
            if login and kind[login] == "human" and login != opener[key]:
                first.setdefault(key, row["createdAt"])
    expected = {key: first.get(key) for key in opener}
    assert expected == {
        each["key"]: each["first_response_at"]
        for each in truth["conversations"]
        if each["kind"] != "mail_thread"
    }


def test_every_identity_belongs_to_one_being_and_is_made_up(full: dict[str, Any]) -> None:
    """No address or login is shared, and no address could reach anybody."""
    identities = [(i["kind"], i["value"]) for person in full["people"] for i in person["identities"]]
    addresses = [value for kind, value in identities if kind == "address"]
    addresses += [job["address"] for person in full["people"] for job in person["affiliations"]]
    assert len(identities) == len(set(identities))
    assert [each for each in addresses if not MADE_UP.fullmatch(each.split("@")[1])] == []


def test_the_world_has_what_makes_identities_hard(full: dict[str, Any]) -> None:
    """Namesakes, changes of employer, ghosts, bots that do not say so, an agent, and a human who looks like a bot."""
    people = {person["id"]: person for person in full["people"]}
    machines = [person for person in full["people"] if person["kind"] != "human"]
    assert [people[one]["name"] for one, _ in full["namesakes"]] == [
        people[other]["name"] for _, other in full["namesakes"]
    ]
    assert len(full["namesakes"]) >= 2
    assert sum(len(person["identities"]) > 1 for person in full["people"]) > 100
    assert sum(len(person["affiliations"]) > 1 for person in full["people"]) > 10
    assert sum(person["is_ghost"] for person in full["people"]) > 3
    assert Counter(person["kind"] for person in machines) == {"bot": 4, "agent": 1}
    (unsaid,) = (person for person in machines if person["told_by"] == "behaviour")
    assert not re.search(r"bot|ci\b|\[", f"{unsaid['name']} {unsaid['login']}".lower())
    assert unsaid["contributions"] >= 100
    (misleading,) = (person for person in full["people"] if str(person["login"]).endswith("bot"))
    assert (misleading["kind"], misleading["name"], misleading["told_by"]) == (
        "human",
        "Tessa Marbot",
        "a human name",
    )
    assert misleading["contributions"] >= 10
    assert any("bot" not in str(person["login"]) and person["login"] for person in machines)
    assert any(person["login"] is None for person in machines)


def hours(conversation: dict[str, Any]) -> float:
    waited = datetime.fromisoformat(conversation["first_response_at"]) - datetime.fromisoformat(
        conversation["opened_at"]
    )
    return waited.total_seconds() / 3600


@pytest.mark.parametrize("community", [each.id for each in plan.COMMUNITIES])
@pytest.mark.parametrize("newcomers", [True, False])
def test_planted_response_times_are_in_the_data(
    full: dict[str, Any], community: str, newcomers: bool
) -> None:
    """Medians and the share without an answer are the planted ones, within what chance allows."""
    told = next(each for each in full["communities"] if each["id"] == community)["planted"]["first_response"]
    opened = [
        each
        for each in full["conversations"]
        if each["community"] == community
        and each["opener_kind"] == "human"
        and each["is_by_newcomer"] == newcomers
        and each["opened_at"] < "2026-08"
    ]
    waits = [hours(each) for each in opened if each["first_response_at"]]
    share = 1 - len(waits) / len(opened)
    allowed = 4 * (told["never_answered_share"] * (1 - told["never_answered_share"]) / len(opened)) ** 0.5
    assert share == pytest.approx(told["never_answered_share"], abs=allowed)
    padded = sorted(waits + [float("inf")] * (len(opened) - len(waits)))
    planted = told["median_hours_newcomers" if newcomers else "median_hours_regulars"]
    assert statistics.median(padded) == pytest.approx(planted, rel=0.3)


def staying(full: dict[str, Any], wanted: Callable[[str], bool], days: int) -> tuple[int, int]:
    lifetimes = [
        person["planted_lifetime_days"]
        for person in full["people"]
        if person["planted_lifetime_days"] is not None and wanted(str(person["entry_channel"]))
    ]
    return sum(lifetime > days for lifetime in lifetimes), len(lifetimes)


def test_events_with_effect_bring_people_who_stay_and_others_do_not(full: dict[str, Any]) -> None:
    """Newcomers of an event with effect survive as planted; those of the others like anybody else."""
    with_effect = {f"event:{event['id']}" for event in full["events"] if event["has_effect"]}
    without = {f"event:{event['id']}" for event in full["events"] if not event["has_effect"]}
    for channels in (with_effect, without, {"organic"}):
        planted = full["entry_channels"][min(channels)]["still_here"]["day_90"]
        stayed, everybody = staying(full, channels.__contains__, 90)
        assert stayed / everybody == pytest.approx(
            planted, abs=4 * (planted * (1 - planted) / everybody) ** 0.5
        )
    assert len(with_effect) >= 2
    assert len(without) >= 2


def test_campaigns_with_effect_bring_people_and_others_do_not() -> None:
    """While a campaign with effect runs, about as many times more people arrive as planted."""
    arrivals = [
        (person.communities[0], person.arrived_at)
        for person in imagine(seed=3, scale=8).people
        if person.communities and not person.channel.startswith("event:")
    ]
    for campaign in plan.CAMPAIGNS:
        here = [at for community, at in arrivals if community == campaign.community]
        length = 28 * plan.DAY
        during = sum(campaign.starts <= at < campaign.ends for at in here)
        before = sum(campaign.starts - 2 * length <= at < campaign.starts for at in here) / 2
        assert during / before == pytest.approx(campaign.factor, rel=0.3)


def test_people_stop_when_the_period_ends_and_bots_see_the_night(small: Path, truth: dict[str, Any]) -> None:
    """No human acts after the period; a machine does in every archive, so the last month is whole."""
    kind = {(i["kind"], i["value"]): p["kind"] for p in truth["people"] for i in p["identities"]}
    until = datetime.fromisoformat(truth["period"]["until"])
    late = {(project, kind[by, who]) for project, by, who, at in acts(small) if at >= until}
    archives = {*truth["files"]["git"], *truth["files"]["mailing_lists"]}
    assert late == {(project, "bot") for project in archives}


def test_scale_multiplies_people_and_what_they_do() -> None:
    """Four times the scale is about four times the load."""
    one, four = (imagine(seed=5, scale=scale) for scale in (1, 4))
    assert len(four.people) / len(one.people) == pytest.approx(4, rel=0.1)
    assert len(list(four.contributions())) / len(list(one.contributions())) == pytest.approx(4, rel=0.25)


def test_a_folder_of_somebody_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Whatever no simulation made is neither overwritten nor removed."""
    (tmp_path / "ospo.toml").write_text("[ospo]\n")
    with pytest.raises(NotSimulatedError, match=r"holds 'ospo.toml' and no truth.json"):
        simulate(tmp_path, scale=0.1)
    assert digests(tmp_path) == {"ospo.toml": hashlib.sha256(b"[ospo]\n").hexdigest()}
    with pytest.raises(NotSimulatedError, match="is a file"):
        simulate(tmp_path / "ospo.toml", scale=0.1)


def test_an_older_or_unfinished_simulation_is_replaced(tmp_path: Path) -> None:
    """An interrupted run is no dead end, and nothing of another seed stays behind."""
    simulate(tmp_path, seed=1, scale=0.05)
    (tmp_path / "truth.json").unlink()
    for path in ("private/warehouse.duckdb", "private/dbt/target", "private/prefect/server.log"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert not is_current(tmp_path, 1, 0.05)
    simulate(tmp_path, seed=2, scale=0.05)
    assert is_current(tmp_path, 2, 0.05)
    assert not is_current(tmp_path, 1, 0.05)
    assert not is_current(tmp_path, 2, 0.1)
    assert [path.name for path in (tmp_path / "private").iterdir()] == ["prefect"]


def test_a_server_may_start_in_the_folder_while_it_is_simulated(tmp_path: Path) -> None:
    """A folder with nothing but a Prefect server's state counts as empty, and the state stays."""
    state = tmp_path / "private" / "prefect" / "server.log"
    state.parent.mkdir(parents=True)
    state.write_text("listening")
    simulate(tmp_path, scale=0.05)
    assert is_current(tmp_path, 2026, 0.05)
    assert state.read_text() == "listening"


def test_a_scale_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    """The error says what to give instead, and nothing is written."""
    with pytest.raises(ValueError, match="a number above 0"):
        simulate(tmp_path / "none", scale=0)
    assert not (tmp_path / "none").exists()
