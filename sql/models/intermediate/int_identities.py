"""One row per identity as its source spells it: its pseudonym, its person, and the strongest rule that says so."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ospo_metrics.identities import RULES, persons
from ospo_metrics.pseudonyms import pseudonym


def model(dbt: Any, session: Any) -> pa.Table:
    mentions = (
        dbt.ref("int_identity_mentions").project("kind, value, first_seen_at").order("kind, value").arrow()
    )
    mentions = mentions.read_all() if hasattr(mentions, "read_all") else mentions
    decided = dbt.ref("stg_outreach__same_person").filter("is_same is not null").order("all")
    told = dbt.ref("int_identity_links").project("left_kind, left_value, right_kind, right_value, rule")
    key = bytes.fromhex(Path(dbt.config.get("pseudonym_key_file")).read_text("ascii").strip())

    kinds, values = mentions["kind"].to_pylist(), mentions["value"].to_pylist()
    spelled = [pseudonym(key, kind, value) for kind, value in zip(kinds, values, strict=True)]
    id_of = dict(zip(zip(kinds, values, strict=True), spelled, strict=True))
    verdicts = [
        (left_kind, left, right_kind, right, is_same)
        for left_kind, left, right_kind, right, is_same in decided.project(
            "left_kind, left_id, right_kind, right_id, is_same"
        ).fetchall()
    ]
    kind_of = dict(zip(spelled, kinds, strict=True))
    for left_kind, left, right_kind, right, _ in verdicts:
        kind_of.setdefault(left, left_kind)
        kind_of.setdefault(right, right_kind)

    ids = list(kind_of)
    place = {identity: position for position, identity in enumerate(ids)}
    links = [
        (place[id_of[left_kind, left]], place[id_of[right_kind, right]], rule)
        for left_kind, left, right_kind, right, rule in told.fetchall()
    ]
    links += [
        (place[left], place[right], "same_person") for _, left, _, right, is_same in verdicts if is_same
    ]
    apart = [(place[left], place[right]) for _, left, _, right, is_same in verdicts if not is_same]
    people = persons(ids, links, apart, _first_seen(mentions, spelled, place))

    strongest: dict[int, int] = {}
    ranks = {rule: rank for rank, rule in enumerate(RULES)}
    for left, right, rule in links:
        if people[left] == people[right]:
            for end in (left, right):
                strongest[end] = min(ranks[rule], strongest.get(end, len(RULES)))
    names = list(RULES)
    rules = [
        names[strongest[at]] if at in strongest else f"same_{kind_of[one]}" for at, one in enumerate(ids)
    ]
    rows = [place[identity] for identity in spelled]
    only_decided = range(len(set(spelled)), len(ids))  # nobody but the team's sheet tells of these
    return pa.table(
        {
            "kind": pa.array([*kinds, *(kind_of[ids[at]] for at in only_decided)], pa.string()),
            "value": pa.array([*values, *(None for _ in only_decided)], pa.string()),
            "identity_id": pa.array([ids[at] for at in (*rows, *only_decided)], pa.string()),
            "person_id": pa.array([people[at] for at in (*rows, *only_decided)], pa.string()),
            "rule": pa.array([rules[at] for at in (*rows, *only_decided)], pa.string()),
        }
    )


def _first_seen(mentions: pa.Table, spelled: list[str], place: dict[str, int]) -> Any:
    """When each identity was first seen, in whatever spelling."""
    seen = pc.cast(mentions["first_seen_at"], pa.timestamp("us", "UTC")).to_numpy(zero_copy_only=False)
    seen = seen.astype("datetime64[us]")
    earliest = np.full(len(place), np.iinfo(np.int64).max, np.int64)
    known = ~np.isnat(seen)
    np.minimum.at(earliest, np.array([place[one] for one in spelled])[known], seen[known].astype(np.int64))
    return np.where(
        earliest == np.iinfo(np.int64).max, np.datetime64("NaT", "us"), earliest.astype("datetime64[us]")
    )
