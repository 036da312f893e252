"""One row per identity as its source spells it: its pseudonym, its person, and the rule that says so."""

from typing import Any

import pyarrow as pa

from ospo_metrics.identities import Identity, Link, persons
from ospo_metrics.pseudonyms import handed_over


def model(dbt: Any, session: Any) -> pa.Table:
    mentions = dbt.ref("int_identity_mentions").project("kind, value").order("kind, value").fetchall()
    identities = [Identity(kind, value) for kind, value in mentions]
    place = {identity: position for position, identity in enumerate(identities)}
    told = [
        Link(place[Identity(*row[:2])], place[Identity(*row[2:4])], row[4])
        for row in dbt.ref("int_identity_links").order("all").fetchall()
    ]
    ids, people, rules = persons(handed_over(), identities, told)
    return pa.table(
        {
            "kind": pa.array([kind for kind, _ in mentions], pa.string()),
            "value": pa.array([value for _, value in mentions], pa.string()),
            "identity_id": pa.array(ids, pa.string()),
            "person_id": pa.array(people, pa.string()),
            "rule": pa.array(rules, pa.string()),
        }
    )
