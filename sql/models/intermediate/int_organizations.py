"""One row per organization, with its people, and what it is shown as where it has too few of them."""

from typing import Any

import pyarrow as pa

from ospo_metrics.organizations import OTHER, shown_as


def model(dbt: Any, session: Any) -> pa.Table:
    names = dbt.ref("int_organization_names")
    days = dbt.ref("int_affiliated_days")
    everybody = dbt.ref("int_people")
    ospo = dbt.source("config", "ospo")

    columns = (
        "any_value(organization) as name, any_value(organization_kind) as kind, bool_or(is_own) as is_own"
    )
    organizations = (
        names.filter("organization_id is not null")
        .aggregate(f"organization_id, {columns}", "organization_id")
        .order("organization_id")
        .fetchall()
    )
    humans = everybody.filter("kind = 'human'").project("person_id as human_id")
    credited = days.project("organization_id, person_id").distinct().join(humans, "person_id = human_id")
    (smallest_group,) = ospo.project("smallest_group").fetchone()
    people: dict[str, set[str]] = {organization_id: set() for organization_id, *_ in organizations}
    for organization_id, person_id, _ in credited.fetchall():
        people[organization_id].add(person_id)
    own = {organization_id for organization_id, _, _, is_own in organizations if is_own}
    folded = shown_as({name: who for name, who in people.items() if name not in own}, smallest_group)
    return pa.table(
        {
            "organization_id": pa.array([row[0] for row in organizations], pa.string()),
            "name": pa.array([row[1] for row in organizations], pa.string()),
            "kind": pa.array([row[2] for row in organizations], pa.string()),
            "is_own": pa.array([row[3] for row in organizations], pa.bool_()),
            "people": pa.array([len(people[row[0]]) for row in organizations], pa.int64()),
            "shown_organization_id": pa.array(
                [OTHER if row[0] in folded else row[0] for row in organizations], pa.string()
            ),
        }
    )
