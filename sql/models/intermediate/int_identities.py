"""One row per identity as its source spells it: its pseudonym, its person, and the strongest rule that says so."""

from typing import Any

import numpy as np
import pyarrow as pa

from ospo_metrics.identities import RULES, Links, founders
from ospo_metrics.pseudonyms import handed_over, pseudonyms

# What only the team's sheet tells of is an identity too, which nobody spells.
_NODES = """
select row_number() over (order by identity_id) - 1 as place, identity_id, kind, first_seen_at
from (
    select identity_id, any_value(kind) as kind, min(first_seen_at)::timestamp as first_seen_at
    from spelled
    group by identity_id

    union all

    select identity_id, any_value(kind), null
    from (
        select left_kind as kind, left_id as identity_id from decisions
        union all
        select right_kind, right_id from decisions
    )
    where identity_id not in (select identity_id from spelled)
    group by identity_id
)
order by place
"""

_TOLD = """
with placed as (
    select s.kind, s.value, n.place from spelled as s join nodes as n on s.identity_id = n.identity_id
)

select l.place as left_place, r.place as right_place, list_position($rules, t.rule) - 1 as rank
from told as t
join placed as l on t.left_kind = l.kind and t.left_value = l.value
join placed as r on t.right_kind = r.kind and t.right_value = r.value
"""

_DECIDED = """
select l.place as left_place, r.place as right_place
from decisions as d
join nodes as l on d.left_id = l.identity_id
join nodes as r on d.right_id = r.identity_id
where d.is_same = $is_same
"""

_RESOLVED = """
select
    coalesce(s.kind, n.kind) as kind, s.value, n.identity_id, p.identity_id as person_id,
    coalesce($rules[r.rank + 1], 'same_' || n.kind) as rule
from nodes as n
join resolved as r on n.place = r.place
join nodes as p on r.founder = p.place
left join spelled as s on n.identity_id = s.identity_id
"""


def _numbers(session: Any, query: str, **parameters: Any) -> dict[str, Any]:
    found = session.execute(query, parameters).to_arrow_table()
    return {name: found[name].to_numpy() for name in found.column_names}


def model(dbt: Any, session: Any) -> pa.Table:
    key, rules = handed_over(), list(RULES)
    mentions = dbt.ref("int_identity_mentions").project("kind, value, first_seen_at")
    spelled = [mentions.limit(0).project("*, '' as identity_id").to_arrow_table()]
    for (kind,) in mentions.project("kind").distinct().order("kind").fetchall():
        table = mentions.filter(f"kind = '{kind}'").to_arrow_table()
        ids = pseudonyms(key, kind, table["value"].to_pylist())
        spelled.append(table.append_column("identity_id", pa.array(ids, pa.string())))
    tables = {
        "spelled": pa.concat_tables(spelled),
        "decisions": dbt.ref("stg_outreach__same_person").to_arrow_table(),
        "told": dbt.ref("int_identity_links").to_arrow_table(),
    }
    for name, table in tables.items():
        session.register(name, table)
    session.register("nodes", nodes := session.execute(_NODES).to_arrow_table())
    told = _numbers(session, _TOLD, rules=rules)
    same, apart = (_numbers(session, _DECIDED, is_same=is_same) for is_same in (True, False))
    links = Links(
        np.concatenate([told["left_place"], same["left_place"]]),
        np.concatenate([told["right_place"], same["right_place"]]),
        np.concatenate([told["rank"], np.full(len(same["left_place"]), rules.index("same_person"))]),
    )
    people = founders(
        nodes["identity_id"],
        links,
        list(zip(apart["left_place"].tolist(), apart["right_place"].tolist(), strict=True)),
        nodes["first_seen_at"].to_numpy(),
    )
    rank = np.full(len(nodes), len(rules))
    for ends in (links.left, links.right):
        holds = people[links.left] == people[links.right]
        np.minimum.at(rank, ends[holds], links.rank[holds])
    resolved = {"place": nodes["place"], "founder": people, "rank": rank}
    session.register("resolved", pa.table(resolved))
    found = session.execute(_RESOLVED, {"rules": rules}).to_arrow_table()
    for name in (*tables, "nodes", "resolved"):
        session.unregister(name)
    return found
