"""One row per public holiday of each region that ospo.toml names, over the years of the data and the next."""

from datetime import date
from typing import Any

import holidays
import pyarrow as pa


def model(dbt: Any, session: Any) -> pa.Table:
    regions = [region for (region,) in dbt.source("config", "holiday_regions").order("region").fetchall()]
    ((first,),) = dbt.ref("int_contribution_days").aggregate("year(min(occurred_on))").fetchall()
    years = range(max(first or date.today().year, 1990), date.today().year + 2)
    rows = []
    for region in regions:
        country, _, part = region.partition("-")
        found = holidays.country_holidays(country, subdiv=part or None, years=years, language="en_US")
        rows += [(region, day, name) for day, name in sorted(found.items())]
    return pa.table(
        {
            "region": pa.array([row[0] for row in rows], pa.string()),
            "holiday_on": pa.array([row[1] for row in rows], pa.date32()),
            "name": pa.array([row[2] for row in rows], pa.string()),
        }
    )
