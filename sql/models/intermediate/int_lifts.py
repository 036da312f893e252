"""One row per campaign or event, daily count and window: its lift, the checks, and what stands behind it."""

from typing import Any

import numpy as np
import pyarrow as pa

from ospo_metrics.campaign_lifts import NOUNS, Happening, Subject, counts, measure_all

_CHECK = pa.struct(
    [("position", pa.int64()), ("rule", pa.string()), ("verdict", pa.string()), ("sentence", pa.string())]
)
_DAY = pa.struct([("day", pa.int64()), ("observed", pa.float64()), ("expected", pa.float64())])
_DESIGN = pa.struct(
    [
        ("baseline_days", pa.int64()),
        ("has_controls", pa.bool_()),
        ("family", pa.string()),
        ("ratio", pa.float64()),
    ]
)
_SHAPE = pa.schema(
    [
        ("scope_kind", pa.string()), ("scope_id", pa.string()), ("period_start", pa.date32()),
        ("period_end", pa.date32()), ("segment", pa.string()), ("is_registered", pa.bool_()),
        ("status", pa.string()), ("reason", pa.string()),
        *((name, pa.float64()) for name in ("observed", "expected", "ratio", "lower", "upper", "p", "q", "detectable",
                                             "ordinary_low", "ordinary_high")),
        ("controls", pa.int64()),
        ("half_life", pa.struct([(name, pa.float64()) for name in ("value", "lower", "upper")])),
        ("checks", pa.list_(_CHECK)), ("days", pa.list_(_DAY)), ("placebos", pa.list_(pa.float64())),
        ("designs", pa.list_(_DESIGN)),
    ]
)  # fmt: skip


def model(dbt: Any, session: Any) -> pa.Table:
    subjects = dbt.ref("int_lift_subjects").fetchall()
    releases = dbt.ref("int_lift_releases").fetchall()
    days = dbt.ref("int_lift_days")
    about = [Subject(*row[:-1], tuple(row[-1])) for row in sorted(subjects)]
    happenings = [
        Happening(one.scope_kind, one.scope_id, one.starts_on, one.ends_on, f"the {one.scope_kind} {one.name}",
                  frozenset(one.project_ids))
        for one in about
    ] + [
        Happening("release", f"{project} {on}", on, on, f"a release of {project}", frozenset([project]))
        for project, on in releases
    ]  # fmt: skip
    series = {}
    for name in NOUNS:
        told = days.filter(f"series = '{name}'").fetchnumpy()
        n, suspect = (np.ma.filled(told[column].astype(float), np.nan) for column in ("n", "suspect"))
        series[name] = counts(told["project_id"], told["on_day"], n, suspect)
    rows = measure_all(about, happenings, series)
    return pa.Table.from_pylist(rows, schema=_SHAPE)
