"""What a reader takes from one page, held against what the simulation planted and wrote down as the truth."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ospo_metrics.settings import Workspace
from test_pages import Reader

Truth = Mapping[str, Any]
Check = Callable[[Mapping[str, float], Truth], bool]


@dataclass(frozen=True)
class Question:
    """What a reader wants to know, the one page that answers it, the sentence that does, and when it is right.

    The parts of the sentence that are numbers are named; `check` holds them against the truth.
    """

    asked: str
    page: str
    sentence: str
    check: Check


def year(truth: Truth) -> list[str]:
    return list(truth["period"]["months"][-12:])


def is_own(truth: Truth, person: str, at: str) -> bool:
    """Whether somebody worked for us at an instant."""
    jobs = next(one["affiliations"] for one in truth["people"] if one["id"] == person)
    return any(
        job["organization"] in truth["own_organizations"]
        and (job["from"] is None or job["from"] <= at)
        and (job["until"] is None or at < job["until"])
        for job in jobs
    )


def event(truth: Truth, name: str) -> Mapping[str, Any]:
    return next(one for one in truth["events"] if one["id"] == name)


def guests(truth: Truth, name: str, *statuses: str) -> int:
    """People from outside on the list of an event, with one of these statuses or with any."""
    found = event(truth, name)
    return sum(
        (not statuses or row["status"] in statuses) and not is_own(truth, row["person"], found["starts_at"])
        for row in found["attendance"]
    )


def survey(truth: Truth) -> Mapping[str, Any]:
    return max(truth["files"]["outreach"]["surveys"], key=lambda one: one["id"])


def questions_of_a_year(truth: Truth) -> list[Mapping[str, Any]]:
    """The conversations that human beings from outside opened in the last twelve months."""
    start = min(row["opened_at"] for row in truth["conversations"] if row["opened_at"][:7] >= year(truth)[0])
    return [
        row
        for row in truth["conversations"]
        if row["opened_at"] >= start
        and row["opener_kind"] == "human"
        and not row["is_ghost"]
        and not is_own(truth, row["opener"], row["opened_at"])
    ]


def answered_in_two_days(truth: Truth) -> float:
    rows = questions_of_a_year(truth)
    soon = [
        row
        for row in rows
        if row["first_response_at"]
        and datetime.fromisoformat(row["first_response_at"]) - datetime.fromisoformat(row["opened_at"])
        <= timedelta(hours=48)
    ]
    return 100 * len(soon) / len(rows)


def new_people(truth: Truth) -> int:
    return sum(
        row["new_contributors_as_told"]
        for row in truth["monthly"]
        if (row["scope_kind"], row["segment"]) == ("program", "outside") and row["month"] in year(truth)
    )


def few_people(truth: Truth) -> int:
    rows = [row for row in truth["contributor_absence_factor"] if row["scope_kind"] == "program"]
    return int(max(rows, key=lambda row: row["period_start"])["commits_and_co_authors"])


def campaign(truth: Truth, name: str) -> Mapping[str, Any]:
    return next(one for one in truth["campaigns"] if one["id"] == name)


def mail(truth: Truth, what: str) -> int:
    return sum(archive[what] for archive in truth["files"]["mailing_lists"].values())


TEN = [
    Question(
        "How many new people from outside came in the last twelve months?",
        "newcomers",
        r"(?P<n>[\d,]+) people from outside made a first contribution to our communities in the 12 months to \w+ \d+ "
        r"\(the level behind such a count is plausibly (?P<low>[\d,]+) to (?P<high>[\d,]+)\)\.",
        lambda found, truth: (
            found["low"] <= new_people(truth) <= found["high"]
            and abs(found["n"] / new_people(truth) - 1) < 0.05
        ),
    ),
    Question(
        "On how few people do the commits rest?",
        "risk",
        r"(?P<n>[\d,]+) people made at least half of the commits \(without merges\) in our communities",
        lambda found, truth: found["n"] == few_people(truth),
    ),
    Question(
        "What share of those who ask has an answer within two days?",
        "help",
        r"[\d,]+ of [\d,]+ conversations opened by anyone from outside in our communities in the 12 months to \w+ \d+ "
        r"were answered within two days: (?P<share>[\d.]+) %, plausibly (?P<low>[\d.]+) to (?P<high>[\d.]+) %\.",
        lambda found, truth: (
            abs(found["share"] - answered_in_two_days(truth)) < 1.5
            and found["low"] <= answered_in_two_days(truth) <= found["high"]
        ),
    ),
    Question(
        "How many of those who had registered came to the documentation sprint?",
        "turnout",
        r"Storage documentation sprint [^.]*?2025 (?P<came>\d+) of (?P<asked>\d+) people who had registered came",
        lambda found, truth: (
            found
            == {
                "came": guests(truth, "storage-sprint-2025", "attended"),
                "asked": guests(truth, "storage-sprint-2025"),
            }
        ),
    ),
    Question(
        "What did the documentation sprint cost?",
        "event-storage-sprint-2025",
        r"It cost (?P<n>[\d,]+) EUR",
        lambda found, truth: found["n"] == event(truth, "storage-sprint-2025")["cost"],
    ),
    Question(
        "How many heard of us from another person?",
        "advocates",
        r"(?P<k>\d+) of (?P<n>\d+) answers to the question how they heard of our communities",
        lambda found, truth: (
            found == {"k": survey(truth)["heard_from_a_person"], "n": survey(truth)["heard_answers"]}
        ),
    ),
    Question(
        "Would they recommend us?",
        "advocates",
        r"The answers of those who were asked about our communities in the 12 months to \w+ \d+ "
        r"come to (?P<n>\d+) points",
        lambda found, truth: (
            found["n"]
            == round(
                100 * (survey(truth)["promoters"] - survey(truth)["detractors"]) / survey(truth)["scores"]
            )
        ),
    ),
    Question(
        "By how much did the launch of fastfs 2.0 multiply the stars?",
        "campaign-fastfs-2-launch",
        r"(?P<n>[\d.]+) times as many stars in four weeks as were to be expected without it, "
        r"plausibly (?P<low>[\d.]+) to (?P<high>[\d.]+) times\.",
        lambda found, truth: (
            found["low"] <= campaign(truth, "fastfs-2-launch")["stars_multiplied_by"]["28"] <= found["high"]
            and found["low"] > 1
        ),
    ),
    Question(
        "Did the posters bring more stars?",
        "campaign-edge-posters",
        r"(?:(?P<n>[\d.]+) times as many stars in four weeks|Did the campaign cause it\? No detectable change)",
        lambda found, truth: ("n" in found) == campaign(truth, "edge-posters")["has_effect"],
    ),
    Question(
        "How many messages of the lists could not be read?",
        "methods",
        r"Mailing lists: (?P<held>[\d,]+) items, [^;.]+; (?P<aside>\d+) items could not be read",
        lambda found, truth: found == {"held": mail(truth, "messages"), "aside": mail(truth, "broken")},
    ),
]


@pytest.fixture(scope="module")
def truth(published: Workspace) -> Truth:
    told: Truth = json.loads((published.folder / "truth.json").read_text(encoding="utf-8"))
    return told


def read(dashboards: Path, question: Question) -> Mapping[str, float]:
    """The numbers in the sentence that answers a question; a page that has no such sentence answers nothing."""
    text = Reader((dashboards / f"{question.page}.html").read_text(encoding="utf-8")).text
    found = re.search(question.sentence, re.sub(r" ([,.;:])", r"\1", text))
    assert found is not None, f"{question.page}.html does not say: {question.asked}"
    return {name: float(told.replace(",", "")) for name, told in found.groupdict().items() if told}


@pytest.mark.parametrize("question", TEN, ids=lambda question: question.asked)
def test_a_reader_finds_the_answer_on_one_page(
    published: Workspace, truth: Truth, question: Question
) -> None:
    """One sentence of one page answers the question, and its number is what was planted."""
    found = read(published.dashboards, question)
    assert question.check(found, truth), found


@pytest.mark.parametrize("question", TEN, ids=lambda question: question.asked)
def test_a_wrong_answer_would_be_noticed(published: Workspace, truth: Truth, question: Question) -> None:
    """The same sentence with other numbers does not pass, so that to pass means something."""
    found = read(published.dashboards, question)
    wrong = {name: number * 1.5 + 1 for name, number in found.items()} or {"n": 2.0}
    assert not question.check(wrong, truth)


def test_there_are_ten_questions() -> None:
    """Ten, each of its own, from at least seven pages."""
    assert len({question.asked for question in TEN}) == 10
    assert len({question.page for question in TEN}) >= 7
