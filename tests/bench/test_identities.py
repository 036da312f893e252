"""How fast a million identities become people, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_RESOLVE = """
import importlib.util, os, resource, sys, time
import duckdb
from ospo_metrics.pseudonyms import HANDED_OVER

count, path = int(sys.argv[1]), sys.argv[2]
os.environ[HANDED_OVER] = "ab" * 32
connection = duckdb.connect()
connection.execute("set timezone = 'UTC'")
# Two of three identities are addresses; a third of these is linked with the login, a fourth with the address before it.
connection.execute(f'''
    create table int_identity_mentions as
    select
        case when n % 3 = 0 then 'login' else 'address' end as kind,
        case when n % 3 = 0 then 'person' || n else 'person' || n || '@host' || n % 977 || '.example' end as value,
        timestamptz '2020-01-01' + to_seconds(hash(n) % 100000000) as first_seen_at
    from range({count}) as t(n)
''')
connection.execute(f'''
    create table int_identity_links as
    select 'address' as left_kind, 'person' || n || '@host' || n % 977 || '.example' as left_value,
        case when n % 3 = 1 then 'login' else 'address' end as right_kind,
        case when n % 3 = 1 then 'person' || (n - 1)
            else 'person' || (n - 1) || '@host' || (n - 1) % 977 || '.example' end as right_value,
        case when n % 3 = 1 then 'github_commit' else 'mailmap' end as rule
    from range({count}) as t(n) where (n % 3 = 1 and n % 9 = 1) or (n % 3 = 2 and n % 4 = 2)
''')
connection.execute('''
    create table stg_outreach__same_person as
    select 'login' as left_kind, '' as left_id, 'login' as right_kind, '' as right_id, true as is_same where false
''')


class Dbt:
    ref = staticmethod(connection.table)


spec = importlib.util.spec_from_file_location("model", path)
model = importlib.util.module_from_spec(spec)
spec.loader.exec_module(model)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.perf_counter()
table = model.model(Dbt, connection)
seconds = time.perf_counter() - began
people = connection.from_arrow(table).aggregate("count(*), count(distinct person_id)").fetchone()
links = connection.table("int_identity_links").aggregate("count(*)").fetchone()[0]
assert people[0] == count and people[1] == count - links, (people, links)
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize("count", [100_000, 1_000_000])
def test_identities(benchmark: Any, count: int) -> None:
    """From mentions and links to people, as the model does it; the peak holds the made-up input too."""
    model = Path(__file__).parents[2] / "sql" / "models" / "intermediate" / "int_identities.py"
    told: list[tuple[float, float]] = []

    def resolve() -> None:
        done = subprocess.run(
            [sys.executable, "-c", _RESOLVE, str(count), str(model)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        seconds, peak = done.stdout.split()
        told.append((float(seconds), float(peak) / 1000))

    benchmark.pedantic(resolve, rounds=1)
    seconds, peak = told[-1]
    benchmark.extra_info.update(
        step="identities", scale=count // 100_000, rows=count, seconds=seconds, peak=peak
    )
