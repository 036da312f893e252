"""One row per identity and pattern of `bot_patterns` that its login, address or a name of it matches."""

from typing import Any


def model(dbt: Any, session: Any) -> Any:
    patterns = dbt.ref("bot_patterns").filter("applies_to in ('login', 'address', 'name')")
    mentions = dbt.ref("int_identity_mentions")  # noqa: F841 - the queries below find these by their names
    profiles = dbt.ref("stg_github__people")  # noqa: F841

    # A pattern that stands in the query itself is read once; one that comes from a column is read for every row,
    # which takes a thousand times as long. So what matches none is sorted out first.
    any_of = {
        applies_to: f"regexp_matches(said, {_quoted(joined)})"
        for applies_to, joined in patterns.aggregate(
            "applies_to, string_agg('(?:' || pattern || ')', '|' order by pattern) as joined", "applies_to"
        ).fetchall()
    }
    some = " or ".join(f"(applies_to = {_quoted(to)} and {matches})" for to, matches in any_of.items())
    return session.sql(
        f"""
        with spelled as (
            select kind, value, 'login' as applies_to, lower(value) as said
            from mentions where kind = 'login'
            union all
            select kind, value, 'login',
                nullif(regexp_extract(
                    lower(value), '^(?:\\d+\\+)?([^@]+)@users\\.noreply\\.github\\.com$', 1
                ), '')
            from mentions where kind = 'address'
            union all
            select kind, value, 'address', lower(value) from mentions where kind = 'address'
            union all
            select kind, value, 'name', lower(trim(name)) from mentions
            union all
            select 'login', lower(login), 'name', lower(trim(name)) from profiles
        ),

        suspects as (select distinct * from spelled where {some or "false"})

        select s.kind, s.value, p.kind as person_kind, p.yields_to_a_name, p.note as reason
        from suspects as s
        join patterns as p
            on s.applies_to = p.applies_to
            and regexp_matches(s.said, p.pattern)
            and not coalesce(regexp_matches(s.said, p.unless), false)
        """  # noqa: S608 - the patterns are quoted, and our own
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
