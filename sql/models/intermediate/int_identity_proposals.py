"""One row per pair of people who may be one, for a person to decide."""

from typing import Any

import pyarrow as pa

from ospo_metrics.identity_proposals import Candidate, propose


def model(dbt: Any, session: Any) -> pa.Table:
    rows = dbt.ref("int_identity_candidates").order("person_id").fetchall()
    pairs = dbt.ref("stg_outreach__same_person").project("left_id, right_id").fetchall()
    sought = pa.table({"identity_id": pa.array([one for pair in pairs for one in pair], pa.string())})  # noqa: F841
    identities = dbt.ref("int_identities")  # noqa: F841 - the query below finds these two by their names
    people = dict(
        session.sql("select identity_id, person_id from identities semi join sought using (identity_id)")
        .fetchall()
    )  # fmt: skip
    decided = [frozenset((people.get(left, left), people.get(right, right))) for left, right in pairs]
    found = propose(
        [
            Candidate(
                person, identity, tuple(names or ()), tuple(one for one in handles or () if one),
                tuple(communities), first, last, has_login,
            )
            for person, identity, names, handles, communities, first, last, has_login in rows
        ],
        set(decided),
    )  # fmt: skip
    columns = {
        name: pa.array([getattr(one, name) for one in found], kind)
        for name, kind in (
            ("left", pa.string()),
            ("right", pa.string()),
            ("score", pa.float64()),
            ("reason", pa.string()),
        )
    }
    return pa.table(columns)
