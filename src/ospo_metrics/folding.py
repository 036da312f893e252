"""Which of our numbers make up which, and the rows of the metrics with small groups folded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import duckdb

from ospo_metrics.suppression import Count, Place, Structure, suppress
from ospo_metrics.warehouse import identifier, records

PUBLIC_GROUP = 10
"""Groups smaller than this are not told outside; inside it is `smallest_group`."""

TOTALS = {
    "first_response_time": ("everyone", ("newcomers", "regulars")),
    "warm_introductions": ("made", ("led_somewhere", "came_to_nothing", "open")),
}
"""The segment that other segments of a metric make up."""

ONCE = frozenset({"new_contributors", "first_response_time"})
"""Metrics of what happens once, so that months add up; everybody else may be in several."""

APART = frozenset({"first_response_time"})
"""Metrics of what is in one project only, so that projects add up."""

LOOSE = frozenset(
    {"attribution_channel_mix", "outreach_concentration", "referral_share", "net_recommendability"}
)
"""Metrics whose communities do not make up the program: somebody may be new to the one and not to the other, and an
answer to a survey may name no community."""

THINGS = frozenset({"community_content_share", "talk_reach"})
"""Metrics of what everybody can read anyway and of nobody: pieces and talks, however few."""

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
    [
        ("cost_per_engaged_newcomer", "all", "group"),
        ("cost_per_engaged_newcomer", "reached", "group"),
        ("outreach_concentration", "channel", "hits"),
    ],
    [
        ("cost_per_engaged_newcomer", "reached", "group"),
        ("outreach_concentration", "event", "hits"),
    ],
    [
        ("cost_per_retained_contributor", "all", "group"),
        ("cost_per_retained_contributor", "reached", "group"),
    ],
    [("contributors", "outside", "group"), ("event_place_fit", "near", "group")],
)
"""Groups each of which is within the one before, of the same scope and period."""


def _place(metric: str, segment: str, count: Count) -> Place:
    return metric, segment, count


_ENTRY_CHANNELS = (
    "word_of_mouth", "invitation", "mailing_list", "newsletter", "forum", "chat", "meetup", "social_media", "video",
    "podcast", "blog", "code_host", "search", "event", "web_site", "print", "campaign", "other",
)  # fmt: skip
_RULED = [[f"{rule}_{channel}" for channel in _ENTRY_CHANNELS] for rule in ("first", "last")]
_MIX, _LARGEST, _ENGAGED = "attribution_channel_mix", "outreach_concentration", "cost_per_engaged_newcomer"
_NEWCOMERS: Place = (_MIX, "unknown", "group")
_KNOWN: Place = (_MIX, "unknown", "misses")
_ATTRIBUTED: Sequence[tuple[Place, Sequence[Place]]] = (
    *((_KNOWN, [_place(_MIX, each, "hits") for each in rule]) for rule in _RULED),
    *((_NEWCOMERS, [_place(_MIX, each, "group")]) for rule in _RULED for each in rule),
    *((_NEWCOMERS, [_place(_LARGEST, each, "group")]) for each in ("channel", "event", "unknown")),
    (_KNOWN, [(_LARGEST, "unknown", "misses")]),
    (_NEWCOMERS, [(_ENGAGED, "all", "group")]),
    (_KNOWN, [(_ENGAGED, "reached", "group")]),
)
"""Engaged newcomers are the same people in three metrics."""

_VOICES = ("outside", "own", "unknown")
_FOUND = ("matched", "not_found", "not_agreed", "not_asked", "no_address", "let_go")
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
    *_ATTRIBUTED,
    *(
        (
            ("community_speaker_share", one, "group"),
            [("community_speaker_share", each, "hits") for each in _VOICES],
        )
        for one in _VOICES
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
    return Structure(communities, kinds, TOTALS, WITHIN, ONCE, APART, SUMS, LOOSE, THINGS)


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
