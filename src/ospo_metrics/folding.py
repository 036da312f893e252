"""Which numbers of one metric make up those of another, and the rows of the metrics with small groups folded.

How a metric's own numbers make up one another stands with its words, under `folding:`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import duckdb

from ospo_metrics.catalog import Metric
from ospo_metrics.catalog_folding import Folding
from ospo_metrics.periods import NO_WEEK
from ospo_metrics.suppression import Count, Place, Structure, suppress
from ospo_metrics.warehouse import identifier, records

PUBLIC_GROUP = 10
"""Groups smaller than this are not told outside; inside it is `smallest_group`."""

_ENTRY_CHANNELS = (
    "word_of_mouth", "invitation", "mailing_list", "newsletter", "forum", "chat", "meetup", "social_media", "video",
    "podcast", "blog", "code_host", "search", "event", "web_site", "print", "campaign", "other",
)  # fmt: skip


def _place(metric: str, segment: str, count: Count) -> Place:
    return metric, segment, count


_FOLLOWED, _MERGED = "event_follow_through_30d", "attendee_contributor_conversion"
_CAME: Place = ("event_outcomes", "came", "hits")
_MEASURED: Place = (_FOLLOWED, "everyone", "group")
_NEW: Place = (_FOLLOWED, "new", "group")
_UNMERGED: Place = (_MERGED, "day_30", "group")
_ARRIVED: Place = ("new_contributors", "outside", "group")
_WAITS = (30, 90, 180, 365)
_SAME: Sequence[Sequence[Place]] = (
    [_CAME, (_FOLLOWED, "all_who_came", "group")],
    [_MEASURED, ("event_outcomes", "day_30", "group")],
    [_MEASURED, ("first_time_attendee_share", "everyone", "group")],
    [_MEASURED, ("returning_attendee_rate", "everyone", "group")],
    [_NEW, ("attendee_activation_rate_30d", "everyone", "group")],
    [_NEW, ("time_to_first_activity", "new", "group")],
    [(_FOLLOWED, "existing", "group"), ("time_to_first_activity", "existing", "group")],
    *([_UNMERGED, _place(_MERGED, f"day_{days}", "group")] for days in _WAITS[1:]),
    *([_place(_MERGED, "all_30", "group"), _place(_MERGED, f"all_{days}", "group")] for days in _WAITS[1:]),
    [("contributors", "outside", "group"), ("engaged_people_28d", "one_day", "group")],
    [_ARRIVED, ("joiners_minus_leavers", "new", "group")],
    [_ARRIVED, ("one_and_done_share", "one_act", "group")],
    [_ARRIVED, ("one_and_done_share", "one_day", "group")],
    *(
        [_ARRIVED, _place("newcomer_retention", window, "group")]
        for window in ("day_90", "day_180", "day_365")
    ),
)
"""Groups that are the same people."""

WITHIN: Sequence[Sequence[Place]] = (
    [("contributors", "outside", "group"), ("new_contributors", "outside", "group")],
    [("contributors", "own", "group"), ("new_contributors", "own", "group")],
    [("contributors", "bots", "group"), ("new_contributors", "bots", "group")],
    [("contributors", "agents", "group"), ("new_contributors", "agents", "group")],
    [("newcomer_retention", "day_90", "group"), ("attribution_channel_mix", "unknown", "group")],
    [("newcomer_retention", "unknown_day_90", "group"), ("attribution_channel_mix", "unknown", "hits")],
    *(
        [
            _place("newcomer_retention", f"first_{channel}_day_90", "group"),
            _place("attribution_channel_mix", f"first_{channel}", "hits"),
        ]
        for channel in _ENTRY_CHANNELS
    ),
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
    *_SAME,
    *([other, one] for one, other in _SAME),
    [_CAME, _MEASURED, _UNMERGED, _NEW],
    [_MEASURED, ("attendee_activation_rate_30d", "everyone", "group")],
    [_MEASURED, ("time_to_first_activity", "existing", "group")],
    [_CAME, *((_MERGED, f"{who}_{days}", "group") for who in ("all", "day") for days in _WAITS)],
    *([(_MERGED, f"{who}_{days}", "hits") for days in _WAITS[::-1]] for who in ("all", "day")),
    [("time_to_first_activity", "new", "hits"), ("attendee_activation_rate_30d", "everyone", "hits")],
    [
        _MEASURED,
        ("incremental_conversion", "active", "group"),
        ("incremental_conversion", "converted", "group"),
    ],
    [("reach_unique_people", "all_channels", "group"), ("reach_unique_people", "everyone", "group")],
    [("reach_unique_people", "there", "group"), (_FOLLOWED, "speakers", "group")],
    [("engaged_people_28d", "one_day", "group"), ("engaged_people_28d", "engaged", "group")],
    [("one_and_done_share", "one_day", "hits"), ("one_and_done_share", "one_act", "hits")],
    [("outside_regulars", "either", "group"), ("outside_regulars", "commits", "group")],
    [("outside_regulars", "either", "group"), ("outside_regulars", "acts", "group")],
    [("org_concentration", "with_unknown", "group"), ("org_concentration", "without_unknown", "group")],
    [("contributor_lifetime", each, "group") for each in ("silence_90", "everyone", "silence_365")],
    [("contributor_lifetime", each, "group") for each in ("everyone", "came_back")],
    [("feature_demand", "everyone", "group"), ("feature_demand", "other", "group")],
)
"""Groups each of which is within the one before, of the same scope and period."""

_GRAVITY, _NET = "community_gravity", "joiners_minus_leavers"
_LEVELS, _BANDS = ("d0", "d1", "d2"), ("americas", "europe_africa", "south_asia", "east_asia_pacific")
_PARTS: Sequence[tuple[Place, Sequence[Place]]] = (
    ((_NET, "net", "hits"), [(_NET, "new", "group"), (_NET, "reactivated", "group")]),
    ((_NET, "net", "misses"), [(_NET, "lapsed", "group")]),
    (("contributors", "outside", "group"), [(_GRAVITY, "joiners", "group"), (_GRAVITY, "moves", "group")]),
    (
        (_GRAVITY, "everyone", "group"),
        [("contributors", "outside", "group"), (_GRAVITY, "leavers", "group")],
    ),
    (
        ("contributor_lifetime", "everyone", "group"),
        [("contributor_lifetime", each, "group") for each in ("event", "organic")],
    ),
    *(
        (("engagement_level_mix", one, "group"), [("engagement_level_mix", each, "hits") for each in _LEVELS])
        for one in _LEVELS
    ),
    *(
        (("timezone_coverage", one, "group"), [("timezone_coverage", each, "hits") for each in _BANDS])
        for one in ("elsewhere", *_BANDS)
    ),
)

EARLIER_SUMS: Sequence[tuple[Place, Sequence[Place]]] = (
    (("contributors", "outside", "group"), [(_GRAVITY, "leavers", "group"), (_GRAVITY, "moves", "group")]),
)
"""Counts of a month that are the sum of others of the next: who was there either went or is still there."""


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
_CHANNELS = ("there", "people", "mail", "social", "media", "web", "other_event", "link", "other")
_REACHED: Place = ("reach_unique_people", "all_channels", "group")
_RESOLVED = ("completed", "not_planned", "still_open")
_SOLVED = ("newcomers", "others", "own", "bots", "unlinked")
SUMS: Sequence[tuple[Place, Sequence[Place]]] = (
    (_CAME, [("show_up_rate", "everyone", "hits")]),
    (("event_outcomes", "came", "group"), [("show_up_rate", "everyone", "group")]),
    ((_FOLLOWED, "all_who_came", "hits"), [(_FOLLOWED, "everyone", "hits")]),
    *((_place(_MERGED, f"all_{days}", "hits"), [_place(_MERGED, f"day_{days}", "hits")]) for days in _WAITS),
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
    *_ATTRIBUTED,
    *(
        (
            ("community_speaker_share", one, "group"),
            [("community_speaker_share", each, "hits") for each in _VOICES],
        )
        for one in _VOICES
    ),
    (("community_speaker_share", "sponsored", "misses"), [("community_speaker_share", "outside", "group")]),
    *_PARTS,
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
    *(
        (
            _place("first_response_time", f"{who}_{told}", "group"),
            [_place("first_response_time", who, "group")],
        )
        for who in ("everyone", "newcomers", "regulars")
        for told in ("p90", "working")
    ),
)
"""Counts that are the sum of others: who came is found, or not for one reason; who is found or not, but was looked for,
is measured afterwards; who was there in the month came or stayed; everybody is on one level, and has one clock; an
issue has one outcome; a first change request is spam or not; who was answered in time is who has waited."""

KEY = ("metric", "scope_kind", "scope_id", "period_start", "period_end", "segment")


_KINDS = {"shares": "proportion", "counts": "count", "people": "people"}


def structure(connection: duckdb.DuckDBPyConnection, metrics: Sequence[Metric], catalog: str) -> Structure:
    """How the numbers hang together, with the communities as the last build knew them."""
    communities: dict[str, list[str]] = defaultdict(list)
    for community, project in connection.execute(
        f"select community_id, project_id from {catalog}core.community_projects order by all"  # noqa: S608
    ).fetchall():
        communities[community].append(project)
    names = {one.metric for one in metrics}

    def those(which: Callable[[Folding], bool]) -> frozenset[str]:
        return frozenset(one.metric for one in metrics if which(one.folding))

    return Structure(
        communities=communities,
        kinds={one.metric: _KINDS.get(one.folding.tells, one.kind) for one in metrics},
        totals={one.metric: one.folding.made_of for one in metrics if one.folding.made_of},
        within=[*WITHIN, *(_themes(connection, catalog) if "feature_demand" in names else [])],
        once=those(lambda folding: "months" in folding.adds_up_over),
        apart=those(lambda folding: "projects" in folding.adds_up_over),
        sums=SUMS,
        earlier_sums=EARLIER_SUMS,
        loose=those(lambda folding: folding.whole == "unlike its parts"),
        partial=those(lambda folding: folding.whole == "more than its parts"),
        things=those(lambda folding: folding.tells == "things"),
    )


def _themes(connection: duckdb.DuckDBPyConnection, catalog: str) -> list[list[Place]]:
    """Who asks for one thing is among those who ask at all; what there is to ask for, the labels say."""
    return [
        [("feature_demand", "everyone", "group"), ("feature_demand", theme, "group")]
        for (theme,) in connection.execute(
            f"select distinct segment from {catalog}metrics.feature_demand "  # noqa: S608
            "where segment not in ('everyone', 'other', 'unlabelled') order by segment"
        ).fetchall()
    ]


def rows(
    connection: duckdb.DuckDBPyConnection, metrics: Sequence[str], catalog: str, *, for_public: bool
) -> list[dict[str, Any]]:
    """Every row of these metrics as the models made it; for the public without weeks and single repositories.

    The fewer ways there are to cut the same people, the less has to be folded.
    """
    told = told_rows(catalog, for_public=for_public)
    return [
        row
        for name in metrics
        for row in records(
            connection,
            f"select * from {catalog}metrics.{identifier(name)} where {told} order by all",  # noqa: S608
        )
    ]


def told_rows(catalog: str, *, for_public: bool) -> str:
    """The SQL condition on rows of metrics that holds for those told at all.

    A week that begins in one month and ends in the next cuts both: months and weeks together would tell of days.
    """
    if not for_public:
        return "true"
    lists = f"select project_id from {catalog}core.dim_projects where kind = 'mailing_list'"  # noqa: S608
    return f"((scope_kind <> 'project' or scope_id in ({lists})) and {NO_WEEK})"


def fold(
    connection: duckdb.DuckDBPyConnection,
    metrics: Sequence[Metric],
    k: int,
    catalog: str,
    *,
    for_public: bool,
) -> None:
    """Note in the temporary table `folded` which rows of which metric are folded for readers inside, or for all."""
    told = rows(connection, [one.metric for one in metrics], catalog, for_public=for_public)
    folded = suppress(told, k, structure(connection, metrics, catalog), for_public=for_public)
    connection.execute(
        "create or replace temp table folded (metric varchar, scope_kind varchar, scope_id varchar, "
        "period_start date, period_end date, segment varchar, why varchar)"
    )
    away = [
        [*(after[name] for name in KEY), after["reason"]]
        for before, after in zip(told, folded, strict=True)
        if before["status"] != after["status"]
    ]
    if away:
        connection.executemany("insert into folded values (?, ?, ?, ?, ?, ?, ?)", away)
