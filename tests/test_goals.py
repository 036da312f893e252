"""What came of a goal: hit, missed, too early, or nobody can tell."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ospo_metrics import goals, goals_page, words
from ospo_metrics.settings import Workspace
from ospo_metrics.warehouse import open_published
from published_goals import JUNE, MAY, MONTHS, add, build, newcomers, number, waiting

STORAGE = ("community", "community-1")
FAR = date(2026, 12, 31)


def asked(
    path: Path, metric: str, target: float | None, due_on: date | None = date(2026, 6, 30), *communities: str
) -> goals.Answer:
    """The answer to one goal of the file."""
    row = ("g", "More", "people", "come", ["blog"], metric, target, due_on, list(communities))
    add(path, "core.dim_goals", row)
    with open_published(path) as connection:
        (answer,) = goals.answers(connection)
    return answer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return build(tmp_path / "ospo.duckdb")


def told(answer: goals.Answer) -> tuple[str, bool | None, str]:
    return answer.verdict, answer.is_sure, answer.target.replace(words.NBSP, " ")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (60, ("hit", True, "at least 60 people")),
        (90, ("hit", False, "at least 90 people")),
        (100, ("hit", False, "at least 100 people")),
        (120, ("missed", False, "at least 120 people")),
        (141, ("missed", True, "at least 141 people")),
    ],
)
def test_more_is_better_where_the_metric_says_so(file: Path, target: int, expected: Any) -> None:
    """100 people, plausibly 70 to 140: the target is reached or not, and the range says how sure that is."""
    add(file, "metrics.metric_values", newcomers(JUNE, 100))

    assert told(asked(file, "new_contributors", target)) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (13, ("hit", True, "at most 13 hours")),
        (11, ("hit", False, "at most 11 hours")),
        (10, ("hit", False, "at most 10 hours")),
        (9, ("missed", False, "at most 9 hours")),
        (7, ("missed", True, "at most 7 hours")),
    ],
)
def test_less_is_better_where_the_metric_says_so(file: Path, target: int, expected: Any) -> None:
    """10 hours, plausibly 8 to 12.5: a waiting time has to be at most its target."""
    add(file, "metrics.metric_values", waiting(JUNE, 10))

    assert told(asked(file, "first_response_time", target)) == expected


def test_a_share_is_aimed_at_in_per_cent(file: Path) -> None:
    """0.33 of the sheet is 33 %; of 34 newcomers 3 stayed, which leaves no doubt."""
    add(
        file,
        "metrics.metric_values",
        number("newcomer_retention", "day_90", JUNE, 3 / 34, 0.03, 0.23, n=34, k=3),
    )
    answer = asked(file, "newcomer_retention", 0.33)

    assert told(answer) == ("missed", True, "at least 33 %")
    assert answer.sentence.replace(words.NBSP, " ") == (
        "Missed, and the range leaves no doubt. 3 of 34 newcomers who arrived in our communities in June 2026 were "
        "still active after 90 days: 8.8 %, plausibly 3.0 to 23.0 %. The target was at least 33 % by 30 June 2026."
    )


def test_without_a_range_nobody_says_how_sure_it_is(file: Path) -> None:
    """A plain count of people has no range: hit or missed, and no word on chance."""
    add(file, "metrics.metric_values", number("contributors", "outside", JUNE, 50))
    answer = asked(file, "contributors", 40)

    assert (answer.verdict, answer.is_sure) == ("hit", None)
    assert answer.sentence.startswith("Hit. 50")


def test_a_waiting_time_that_was_not_reached_is_missed(file: Path) -> None:
    """Where fewer than half were answered, the wait is longer than all that was seen: missed, and sure beyond it."""
    row = number("first_response_time", "everyone", JUNE, None, 30.0, None, n=40, k=12)
    add(file, "metrics.metric_values", row)

    assert told(asked(file, "first_response_time", 24)) == ("missed", True, "at most 24 hours")


def test_it_is_judged_by_the_last_whole_month(file: Path) -> None:
    """Due in the middle of June it is May that decides, whatever June brought."""
    add(file, "metrics.metric_values", newcomers(MAY, 10), newcomers(JUNE, 1000))
    answer = asked(file, "new_contributors", 500, date(2026, 6, 15))

    assert (answer.verdict, answer.number and answer.number.period_start) == ("missed", MONTHS[0])


YEAR = (date(2025, 7, 1), date(2026, 7, 1))


def test_where_the_month_is_folded_the_12_months_that_end_with_it_decide(file: Path) -> None:
    """A level can be judged by a year; a count cannot, because a year has more people than a month."""
    folded = {"status": "suppressed", "reason": "Few are behind it."}
    add(
        file,
        "metrics.metric_values",
        number("first_response_time", "everyone", JUNE, None, **folded),
        waiting(YEAR, 10),
        number("new_contributors", "outside", JUNE, None, **folded),
        newcomers(YEAR, 100),
    )
    by_year = asked(file, "first_response_time", 24)
    with duckdb.connect(str(file)) as connection:
        connection.execute("delete from core.dim_goals")

    assert (by_year.verdict, by_year.number and by_year.number.period_start) == ("hit", YEAR[0])
    assert asked(file, "new_contributors", 10).verdict == "cannot be told"


def test_a_verdict_is_fresh_until_the_next_month_is_known(file: Path) -> None:
    """What was judged by June is fresh while nothing is known of July, by May it is not."""
    add(file, "metrics.metric_values", newcomers(MAY, 10), newcomers(JUNE, 20))
    add(file, "core.dim_goals", *(
        (name, name, "", "", [], "new_contributors", 5.0, due_on, [])
        for name, due_on in (("may", date(2026, 5, 31)), ("june", date(2026, 6, 30)))
    ))  # fmt: skip
    with open_published(file) as connection:
        assert [(one.goal.id, one.is_fresh) for one in goals.answers(connection)] == [
            ("may", False),
            ("june", True),
        ]


def test_before_its_day_it_is_too_early_and_the_newest_number_is_told(file: Path) -> None:
    """A goal for December says what June brought, and gives no verdict."""
    add(file, "metrics.metric_values", newcomers(JUNE, 100))
    answer = asked(file, "new_contributors", 60, FAR)

    assert (answer.verdict, answer.is_sure) == ("too early", None)
    assert answer.sentence.replace(words.NBSP, " ").startswith(
        "Too early: it is judged by December 2026. The target is at least 60 people by 31 December 2026. "
        "So far: 100 people from outside made a first contribution to our communities in June 2026"
    )


def test_a_month_that_cannot_be_told_yet_is_too_early_with_its_reason(file: Path) -> None:
    """Newcomers of June cannot have stayed 90 days in July; the day on which they can is told."""
    reason = "Too early: it can be told once the data reach to 29 October 2026."
    add(
        file,
        "metrics.metric_values",
        number("newcomer_retention", "day_90", JUNE, None, status="too_early", reason=reason),
    )
    answer = asked(file, "newcomer_retention", 0.33)

    assert answer.verdict == "too early"
    assert answer.sentence.startswith(
        "Too early to say. It can be told once the data reach to 29 October 2026. The target is "
    )


@pytest.mark.parametrize("status", ["suppressed", "refused", "no_data"])
def test_what_is_withheld_is_not_judged(file: Path, status: str) -> None:
    """A number that is folded, refused or missing gives no verdict; its reason is told."""
    add(
        file,
        "metrics.metric_values",
        number("new_contributors", "outside", JUNE, None, status=status, reason="Only few are behind it."),
    )
    answer = asked(file, "new_contributors", 10)

    assert (answer.verdict, answer.number) == ("cannot be told", None)
    assert "only few are behind it." in answer.sentence


@pytest.mark.parametrize(
    ("metric", "target", "due_on", "said"),
    [
        ("", 10.0, FAR, "names no metric"),
        (
            "new_contributers",
            10.0,
            FAR,
            "new_contributers, which is no metric. Did you mean new_contributors?",
        ),
        (
            "applause",
            10.0,
            FAR,
            "applause, which is no metric. Write one that stands in metrics.metric_catalog.",
        ),
        ("new_contributors", None, FAR, "lacks a target"),
        ("new_contributors", 10.0, None, "lacks the day it is due"),
        ("identity_match_rate", 0.5, FAR, "neither more nor less is better"),
        ("contributor_absence_factor", 10.0, date(2026, 6, 30), "no number for June 2026"),
    ],
)
def test_a_goal_that_lacks_something_says_what_to_write(
    file: Path, metric: str, target: float | None, due_on: date | None, said: str
) -> None:
    """No metric, an unknown one, no target, no day, no number: nobody can tell, and the sentence says why."""
    answer = asked(file, metric, target, due_on)

    assert answer.verdict == "cannot be told"
    assert said in answer.sentence


def test_a_goal_is_answered_for_each_community_that_it_names(file: Path) -> None:
    """Two communities, two answers; one that is unknown is left out, and with none the whole program is meant."""
    add(
        file,
        "metrics.metric_values",
        newcomers(JUNE, 100),
        newcomers(JUNE, 10, about=STORAGE),
        newcomers(JUNE, 90, about=("community", "community-2")),
    )
    add(file, "core.dim_goals", *(
        (name, name, "", "", [], "new_contributors", 50.0, date(2026, 6, 30), communities)
        for name, communities in (("both", ["community-1", "community-2"]), ("gone", ["gone"]))
    ))  # fmt: skip
    with open_published(file) as connection:
        answers = [(one.goal.id, one.about.name, one.verdict) for one in goals.answers(connection)]

    assert answers == [
        ("both", "Storage", "missed"),
        ("both", "Networking", "hit"),
        ("gone", "our communities", "hit"),
    ]


def test_what_the_sheet_lacks_is_said_once_however_many_communities_a_goal_is_for(file: Path) -> None:
    """A wrong name of a metric is one mistake, and two communities make no two of it."""
    communities = ["community-1", "community-2"]
    add(
        file, "core.dim_goals", ("both", "Both", "", "", [], "applause", 50.0, date(2026, 6, 30), communities)
    )
    with open_published(file) as connection:
        answers = [(one.goal.id, one.about.name, one.verdict) for one in goals.answers(connection)]

    assert answers == [("both", "our communities", "cannot be told")]


def test_goals_are_counted_as_goals_and_their_verdicts_as_numbers(file: Path) -> None:
    """Where a goal is for two communities, the summary says that there are more numbers than goals."""
    add(
        file,
        "metrics.metric_values",
        newcomers(JUNE, 10, about=STORAGE),
        newcomers(JUNE, 90, about=("community", "community-2")),
    )
    told = []
    for name, communities in (("one", ["community-1"]), ("both", ["community-1", "community-2"])):
        goal = (name, name, "", "", [], "new_contributors", 50.0, date(2026, 6, 30), communities)
        add(file, "core.dim_goals", goal)
        with open_published(file) as connection:
            said = goals_page.summary(goals.answers(connection))
        told.append(f"{said.before}{said.amount}{said.after}")

    assert told == [
        "Of 1 goal 1 was missed.",
        "Of 2 goals, held against 3 numbers, 1 was hit and 2 were missed.",
    ]


def test_a_file_without_goals_has_no_answers(tmp_path: Path) -> None:
    """An edition that was made for others may hold no table of goals."""
    import published_example

    file = published_example.build(tmp_path / "ospo.duckdb")
    with duckdb.connect(str(file)) as connection:
        connection.execute("drop table core.dim_goals")
    with open_published(file) as connection:
        assert goals.answers(connection) == []


def test_the_goals_of_the_simulation_are_judged_by_their_numbers(published: Workspace) -> None:
    """Each verdict is what the published number of the month says, worked out anew in plain comparisons."""
    with open_published(published.database) as connection:
        answers = {one.goal.id: one for one in goals.answers(connection)}
        rows = connection.execute(
            """
            select goal_id, value, lower, upper, direction
            from core.dim_goals as g
            join metrics.metric_catalog as c on g.metric = c.metric
            join metrics.metric_values as v on g.metric = v.metric and v.segment = c.headline_segment
                and v.scope_kind = 'community' and v.scope_id = g.community_ids[1]
                and v.period_end = date_trunc('month', due_on + 1) and v.period_end - v.period_start between 28 and 31
                and v.status = 'ok'
            """
        ).fetchall()
    assert len(answers) == 4
    assert len(rows) >= 2
    for goal_id, value, lower, upper, direction in rows:
        answer = answers[goal_id]
        target = answer.goal.target
        assert target is not None
        is_hit = value >= target if direction == "up" else value <= target
        assert answer.verdict == ("hit" if is_hit else "missed")
        assert answer.is_sure is not (lower < target < upper)
    assert answers["answers-at-the-edge"].verdict == "too early"
