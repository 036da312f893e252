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
    "event_follow_through_30d": ("everyone", ("new", "existing")),
}
"""The segment that other segments of a metric make up."""

ONCE = frozenset({"new_contributors", "first_response_time"})
"""Metrics of what happens once, so that months add up; everybody else may be in several."""

APART = frozenset({"first_response_time"})
"""Metrics of what is in one project only, so that projects add up."""

AS_SHARES = frozenset({"time_to_first_activity", "incremental_conversion"})
"""Metrics of people that tell, as a share does, of how many of a group something is so."""

_FOLLOWED, _MERGED = "event_follow_through_30d", "attendee_contributor_conversion"
_CAME: Place = ("event_outcomes", "came", "hits")
_MEASURED: Place = (_FOLLOWED, "everyone", "group")
_NEW: Place = (_FOLLOWED, "new", "group")
_UNMERGED: Place = (_MERGED, "day_30", "group")
_SAME: Sequence[Sequence[Place]] = (
    [_CAME, (_FOLLOWED, "all_who_came", "group")],
    [_MEASURED, ("event_outcomes", "day_30", "group")],
    [_MEASURED, ("first_time_attendee_share", "everyone", "group")],
    [_MEASURED, ("returning_attendee_rate", "everyone", "group")],
    [_NEW, ("attendee_activation_rate_30d", "everyone", "group")],
    [_NEW, ("time_to_first_activity", "new", "group")],
    [(_FOLLOWED, "existing", "group"), ("time_to_first_activity", "existing", "group")],
    *([_UNMERGED, (_MERGED, segment, "group")] for segment in ("day_90", "day_180", "day_365")),
)
"""Groups that are the same people."""

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
    *_SAME,
    *([other, one] for one, other in _SAME),
    [_CAME, _MEASURED, _UNMERGED, _NEW],
    [_CAME, (_MERGED, "all_90", "group"), (_MERGED, "day_90", "group")],
    [(_MERGED, f"day_{days}", "hits") for days in (365, 180, 90, 30)],
    [("time_to_first_activity", "new", "hits"), ("attendee_activation_rate_30d", "everyone", "hits")],
    [
        _MEASURED,
        ("incremental_conversion", "active", "group"),
        ("incremental_conversion", "converted", "group"),
    ],
    [("reach_unique_people", "all_channels", "group"), ("reach_unique_people", "everyone", "group")],
)
"""Groups each of which is within the one before, of the same scope and period."""

_FOUND = ("matched", "not_found", "not_agreed", "not_asked", "no_address", "let_go")
_CHANNELS = ("there", "people", "mail", "social", "media", "web", "other_event", "link", "other")
_REACHED: Place = ("reach_unique_people", "all_channels", "group")
SUMS: Sequence[tuple[Place, Sequence[Place]]] = (
    (_CAME, [("show_up_rate", "everyone", "hits")]),
    (("event_outcomes", "came", "group"), [("show_up_rate", "everyone", "group")]),
    ((_FOLLOWED, "all_who_came", "hits"), [(_FOLLOWED, "everyone", "hits")]),
    ((_MERGED, "all_90", "hits"), [(_MERGED, "day_90", "hits")]),
    (_REACHED, [("reach_unique_people", channel, "group") for channel in _CHANNELS]),
    (_REACHED, [("reach_unique_people", part, "group") for part in ("everyone", "overlap")]),
    (("event_outcomes", "came", "hits"), [("identity_match_rate", each, "hits") for each in _FOUND]),
    *(
        (("identity_match_rate", one, "group"), [("identity_match_rate", each, "hits") for each in _FOUND])
        for one in _FOUND
    ),
    *(
        (("event_outcomes", one, "group"), [("identity_match_rate", each, "hits") for each in _FOUND[:2]])
        for one in ("day_30", "day_90", "day_180", "year")
    ),
)
"""Counts of events that are the sum of others: who came is found, or not for one reason; who is found or not, but was
looked for, is measured afterwards."""

KEY = ("metric", "scope_kind", "scope_id", "period_start", "period_end", "segment")


def structure(connection: duckdb.DuckDBPyConnection, kinds: dict[str, str], catalog: str) -> Structure:
    """How the numbers hang together, with the communities as the last build knew them."""
    communities: dict[str, list[str]] = defaultdict(list)
    for community, project in connection.execute(
        f"select community_id, project_id from {catalog}core.community_projects order by all"  # noqa: S608
    ).fetchall():
        communities[community].append(project)
    kinds = {name: "proportion" if name in AS_SHARES else kind for name, kind in kinds.items()}
    return Structure(communities, kinds, TOTALS, WITHIN, ONCE, APART, SUMS)


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
