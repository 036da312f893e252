"""Which of our numbers make up which, and the rows of the metrics with small groups folded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import duckdb

from ospo_metrics.suppression import Place, Structure, suppress
from ospo_metrics.warehouse import identifier, records

PUBLIC_GROUP = 10
"""Groups smaller than this are not told outside; inside it is `smallest_group`."""

TOTALS = {
    "first_response_time": ("everyone", ("newcomers", "regulars")),
    "answered_within_48h": ("everyone", ("newcomers", "regulars")),
    "first_question_success": ("all", ("issues", "discussions", "lists")),
}
"""The segment that other segments of a metric make up."""

_HELP_ONCE = frozenset(
    {"answered_within_48h", "resolution_rate_30d", "first_question_success", "good_first_issue_uptake"}
)
ONCE = frozenset({"new_contributors", "first_response_time", "first_pr_merge_rate"}) | _HELP_ONCE
"""Metrics of what happens once, so that months add up; everybody else may be in several."""

APART = frozenset({"first_response_time"}) | _HELP_ONCE
"""Metrics of what is in one project only, so that projects add up."""

WITHIN: Sequence[Sequence[Place]] = (
    [("contributors", "outside", "group"), ("new_contributors", "outside", "group")],
    [("contributors", "own", "group"), ("new_contributors", "own", "group")],
    [("contributors", "bots", "group"), ("new_contributors", "bots", "group")],
    [("contributors", "agents", "group"), ("new_contributors", "agents", "group")],
    [("new_contributors", "outside", "group"), ("newcomer_retention", "day_90", "group")],
    [("new_contributors", "outside", "group"), ("newcomer_retention", "day_180", "group")],
    [("new_contributors", "outside", "group"), ("newcomer_retention", "day_365", "group")],
    [("contributors", "outside", "group"), ("mailing_list_crossover", "everyone", "group")],
    [
        ("event_outcomes", "came", "group"),
        ("event_outcomes", "came", "hits"),
        ("event_outcomes", "day_180", "group"),
        ("event_outcomes", "day_180", "hits"),
        ("event_outcomes", "day_90", "hits"),
        ("event_outcomes", "day_30", "hits"),
    ],
    [
        ("event_outcomes", "came", "hits"),
        ("event_outcomes", "year", "group"),
        ("event_outcomes", "year", "hits"),
    ],
    [("feature_demand", "everyone", "group"), ("feature_demand", "other", "group")],
)
"""Groups each of which is within the one before, of the same scope and period."""

_FOUND = ("matched", "not_found", "not_agreed", "not_asked", "no_address", "let_go")
_RESOLVED = ("completed", "not_planned", "still_open")
_SOLVED = ("newcomers", "others", "unlinked")
SUMS: Sequence[tuple[Place, Sequence[Place]]] = (
    (("event_outcomes", "came", "hits"), [("identity_match_rate", each, "hits") for each in _FOUND]),
    *(
        (("identity_match_rate", one, "group"), [("identity_match_rate", each, "hits") for each in _FOUND])
        for one in _FOUND
    ),
    *(
        (("event_outcomes", one, "group"), [("identity_match_rate", each, "hits") for each in _FOUND[:2]])
        for one in ("day_30", "day_90", "day_180", "year")
    ),
    *(
        (("resolution_rate_30d", one, "group"), [("resolution_rate_30d", each, "hits") for each in _RESOLVED])
        for one in _RESOLVED
    ),
    *(
        (
            ("good_first_issue_uptake", one, "group"),
            [("good_first_issue_uptake", each, "hits") for each in _SOLVED],
        )
        for one in _SOLVED
    ),
    (
        ("first_pr_merge_rate", "spam", "group"),
        [("first_pr_merge_rate", "first", "group"), ("first_pr_merge_rate", "spam", "hits")],
    ),
    (("answered_within_48h", "everyone", "group"), [("first_response_time", "everyone", "group")]),
    (("answered_within_48h", "newcomers", "group"), [("first_response_time", "newcomers", "group")]),
    (("answered_within_48h", "regulars", "group"), [("first_response_time", "regulars", "group")]),
    (("first_response_time", "everyone_p90", "group"), [("first_response_time", "everyone", "group")]),
    (("first_response_time", "newcomers_p90", "group"), [("first_response_time", "newcomers", "group")]),
    (("first_response_time", "regulars_p90", "group"), [("first_response_time", "regulars", "group")]),
)
"""Counts of one scope and period that are the sum of others: who came is found, or not for one reason; who is found or
not, but was looked for, is measured afterwards; an issue has one outcome; a first change request is spam or not; what
was answered in two days is of the same conversations as how long they waited."""

KEY = ("metric", "scope_kind", "scope_id", "period_start", "period_end", "segment")


def structure(connection: duckdb.DuckDBPyConnection, kinds: dict[str, str], catalog: str) -> Structure:
    """How the numbers hang together, with the communities as the last build knew them."""
    communities: dict[str, list[str]] = defaultdict(list)
    for community, project in connection.execute(
        f"select community_id, project_id from {catalog}core.community_projects order by all"  # noqa: S608
    ).fetchall():
        communities[community].append(project)
    within = [*WITHIN, *(_themes(connection, catalog) if "feature_demand" in kinds else [])]
    return Structure(communities, kinds, TOTALS, within, ONCE, APART, SUMS)


def _themes(connection: duckdb.DuckDBPyConnection, catalog: str) -> list[list[Place]]:
    """Who asks for one thing is among those who ask at all; what there is to ask for, the labels say."""
    return [
        [("feature_demand", "everyone", "group"), ("feature_demand", theme, "group")]
        for (theme,) in connection.execute(
            f"select distinct segment from {catalog}metrics.feature_demand "  # noqa: S608
            "where segment not in ('everyone', 'other', 'unlabelled') order by segment"
        ).fetchall()
    ]


def rows(connection: duckdb.DuckDBPyConnection, metrics: Sequence[str], catalog: str) -> list[dict[str, Any]]:
    """Every row of these metrics as the models made it."""
    return [
        row
        for name in metrics
        for row in records(connection, f"select * from {catalog}metrics.{identifier(name)} order by all")  # noqa: S608
    ]


def fold(
    connection: duckdb.DuckDBPyConnection, kinds: dict[str, str], k: int, catalog: str, *, for_public: bool
) -> None:
    """Note in the temporary table `folded` which rows of which metric are folded for readers inside, or for all."""
    told = rows(connection, list(kinds), catalog)
    folded = suppress(told, k, structure(connection, kinds, catalog), for_public=for_public)
    connection.execute(
        "create or replace temp table folded (metric varchar, scope_kind varchar, scope_id varchar, "
        "period_start date, period_end date, segment varchar, why varchar)"
    )
    for before, after in zip(told, folded, strict=True):
        if before["status"] != after["status"]:
            connection.execute(
                "insert into folded values (?, ?, ?, ?, ?, ?, ?)",
                [*(after[name] for name in KEY), after["reason"]],
            )
