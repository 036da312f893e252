"""Why we take some identities for one person: the chain of rules from one of them to all others."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from ospo_metrics.identities import RULES
from ospo_metrics.pseudonyms import normalise, pseudonym, read_key
from ospo_metrics.settings import Workspace
from ospo_metrics.warehouse import open_warehouse, records

_ASKED = """
select identity_id, person_id from intermediate.int_identities
where (lower(value) = $value and ($kind is null or kind = $kind)) or identity_id in (select unnest($ids::varchar[]))
order by kind = 'login' desc, kind = 'address' desc, kind
"""

_IDENTITIES = """
select
    i.identity_id, i.kind, min(i.value) as value,
    coalesce(sum(m.acts), 0)::bigint as acts, min(m.first_seen_at) as first_seen_at, max(m.last_seen_at) as last_seen_at
from intermediate.int_identities as i
left join intermediate.int_identity_mentions as m on i.kind = m.kind and i.value = m.value
where i.person_id = $person_id
group by i.identity_id, i.kind
"""

_LINKS = """
with told as (
    select l.identity_id as left_id, r.identity_id as right_id, k.rule, k.told_by, true as is_same
    from intermediate.int_identity_links as k
    join intermediate.int_identities as l on k.left_kind = l.kind and k.left_value = l.value
    join intermediate.int_identities as r on k.right_kind = r.kind and k.right_value = r.value

    union all

    select left_id, right_id, 'same_person', location, is_same
    from staging.stg_outreach__same_person
),

people as (
    select distinct identity_id, person_id, kind, min(value) over (partition by identity_id) as value
    from intermediate.int_identities
)

select t.*, l.person_id as left_person_id, r.person_id as right_person_id,
    concat_ws(' ', l.kind, l.value) as left_name, concat_ws(' ', r.kind, r.value) as right_name
from told as t
join people as l on t.left_id = l.identity_id
join people as r on t.right_id = r.identity_id
where l.person_id = $person_id or r.person_id = $person_id
"""


class UnknownPersonError(Exception):
    """Nobody is called what was asked for; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Known:
    """One identity of a person, and the chain of rules from the one that was asked about, a sentence each."""

    name: str
    acts: int
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Who somebody is taken for and why; `apart` are sentences on whom they are not taken for, and why not."""

    person_id: str
    kind: str
    kind_reason: str | None
    identities: list[Known]
    apart: list[str] = field(default_factory=list)


def person(workspace: Workspace, asked: str) -> Explanation:
    """Explain the person behind a login or an address; `UnknownPersonError` where there is none."""
    key = read_key(workspace.folder, workspace.settings.privacy.key_env)
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        return _explain(connection, asked, key)


def _explain(connection: duckdb.DuckDBPyConnection, asked: str, key: bytes | None) -> Explanation:
    kind, colon, value = asked.partition(":")
    named = normalise("login", value if colon else asked.removeprefix("@"))
    kinds = [kind] if colon else ["login", "address"]
    ids = [pseudonym(key, one, named) for one in kinds] if key else []  # a sheet alone may know somebody
    what = {"kind": kind if colon else None, "value": named, "ids": ids}
    try:
        found = connection.execute(_ASKED, what).fetchone()
    except duckdb.CatalogException:
        raise UnknownPersonError("nothing was built yet. Run 'ospo-metrics run' first.") from None
    if found is None:
        raise UnknownPersonError(
            f"nobody is known as {asked!r}. Write a GitHub login or an e-mail address as the sources have it; "
            "what was collected since the last build is not known yet."
        )
    start, person_id = found
    here = {"person_id": person_id}
    identities = {row["identity_id"]: row for row in records(connection, _IDENTITIES, here)}
    links = records(connection, _LINKS, here)
    chains = _chains(start, links, person_id, identities)
    row = connection.execute(
        "select kind, kind_reason from intermediate.int_people where person_id = ?", [person_id]
    ).fetchone()
    kind, reason = row or ("human", None)
    ordered = sorted(identities, key=lambda each: (len(chains.get(each, ())), identities[each]["kind"], each))
    return Explanation(
        person_id, kind, reason,
        [_known(identities[each], chains.get(each, ())) for each in ordered],
        sorted({_apart(link, person_id) for link in links if _is_apart(link)}),
    )  # fmt: skip


def _chains(
    start: str, links: list[dict[str, Any]], person_id: str, identities: dict[str, dict[str, Any]]
) -> dict[str, tuple[str, ...]]:
    """For each identity the rules that lead to it from the first one, the strongest ones first."""
    rank = {rule: place for place, rule in enumerate(RULES)}
    near: dict[str, list[tuple[int, str, str]]] = {}
    for link in links:
        if link["left_person_id"] == link["right_person_id"] == person_id and link["is_same"]:
            for one, other in (("left", "right"), ("right", "left")):
                step = (rank[link["rule"]], link[f"{other}_id"], f"{RULES[link['rule']]} ({link['told_by']})")
                near.setdefault(link[f"{one}_id"], []).append(step)
    chains: dict[str, tuple[str, ...]] = {}
    waiting: list[tuple[int, int, str, tuple[str, ...]]] = [(0, 0, start, ())]
    while waiting:
        _, _, here, chain = heapq.heappop(waiting)
        if here in chains:
            continue
        chains[here] = chain
        for place, other, sentence in near.get(here, ()):
            via = f"{_name(identities[here])}: {sentence}"
            heapq.heappush(waiting, (place, len(chain), other, (*chain, via)))
    return chains


def _known(row: dict[str, Any], chain: tuple[str, ...]) -> Known:
    return Known(_name(row), row["acts"], row["first_seen_at"], row["last_seen_at"], chain)


def _name(row: dict[str, Any]) -> str:
    return (
        f"{row['kind']} {row['value']}" if row["value"] else f"{row['kind']} that only the team's sheet names"
    )


def _is_apart(link: dict[str, Any]) -> bool:
    return bool(link["left_person_id"] != link["right_person_id"])


def _apart(link: dict[str, Any], person_id: str) -> str:
    is_left = link["left_person_id"] == person_id
    mine, theirs = ("left", "right") if is_left else ("right", "left")
    if not link["is_same"]:
        return (
            f"{link[f'{mine}_name']} is not {link[f'{theirs}_name']}: somebody decided so ({link['told_by']})"
        )
    return (
        f"{link[f'{mine}_name']} and {link[f'{theirs}_name']} are kept apart by what somebody decided, although "
        f"{RULES[link['rule']]} ({link['told_by']})"
    )
