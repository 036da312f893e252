"""What was the goal? From its audience, message and channels to the number that decides, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import jinja2

from ospo_metrics import locales, words
from ospo_metrics.goals import Answer as Verdict
from ospo_metrics.site_data import Published, Scope
from ospo_metrics.views import Answer

_COUNTED = {
    "hit": ("was hit", "were hit"),
    "missed": ("was missed", "were missed"),
    "too early": ("is too early to tell", "are too early to tell"),
    "cannot be told": ("cannot be told", "cannot be told"),
}


def summary(answers: Sequence[Verdict]) -> Answer:
    """How many goals were hit, missed, are too early to tell and cannot be told.

    A goal for two communities is held against two numbers, and may be hit in one of them only.
    """
    aims = len({answer.goal.id for answer in answers})
    numbers = "" if aims == len(answers) else f", held against {words.count(len(answers))} numbers,"
    parts = []
    for verdict, (one, many) in _COUNTED.items():
        found = sum(answer.verdict == verdict for answer in answers)
        if found:
            parts.append(f"{words.count(found)} {one if found == 1 else many}")
    goals = f"{words.count(aims)} {'goal' if aims == 1 else 'goals'}"
    return Answer("Of ", goals, f"{numbers} {words.listed(parts)}.")


def _bare(target: float | None) -> str:
    """A target as the sheet has it, where it is of no metric that would tell its unit."""
    return "" if target is None else locales.number(f"{target:,g}")


def _about(answer: Verdict) -> str:
    """Which community it is told for; what the sheet lacks is of none."""
    if not answer.target:
        return ""
    return answer.about.name if answer.about.kind == "community" else "All communities together"


def verdicts(answers: Sequence[Verdict]) -> str:
    """Which goals were hit and which were missed, by their names."""
    told = []
    for verdict in ("hit", "missed"):
        found = [f"‘{one.goal.goal}’ ({one.about.name})" for one in answers if one.verdict == verdict]
        told += [f"{words.upper_first(verdict)}: {words.listed(found)}."] if found else []
    return " ".join(told)


def render(
    environment: jinja2.Environment, site: dict[str, Any], published: Published, homes: dict[str, str]
) -> str:
    """The page of the goals, or what to write down where there are none."""
    answers = published.goals or ()
    blocks = []
    for _, same in groupby(answers, key=lambda answer: answer.goal.id):
        found = list(same)
        goal = found[0].goal
        metric = published.metrics.get(goal.metric)
        blocks.append(
            {
                "goal": goal,
                "metric": metric,
                "home": homes.get(goal.metric, ""),
                "due": words.day(goal.due_on) if goal.due_on else "",
                "target": next((answer.target for answer in found if answer.target), _bare(goal.target)),
                "occasions": [one for one in published.occasions if one.goal == goal.id],
                "answers": [
                    {
                        "verdict": answer.verdict,
                        "class": answer.verdict.replace(" ", "-"),
                        "about": _about(answer),
                        "key": Scope(answer.about.kind, answer.about.id, "", "").key,
                        "sentence": answer.sentence,
                    }
                    for answer in found
                ],
            }
        )
    return environment.get_template("goals.html.j2").render(
        site=site,
        page="goals",
        summary=summary(answers) if answers else None,
        verdicts=verdicts(answers),
        blocks=blocks,
        examples=[
            published.metrics[name]
            for name in ("new_contributors", "newcomer_retention", "first_response_time")
            if name in published.metrics
        ],
    )
