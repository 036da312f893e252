-- A profile says no day, so a company is known from the day on which it was first seen there until the profile said
-- something else.
with versions as (
    select
        raw.key as account_id,
        lower(raw.payload ->> '$.login') as login,
        nullif(trim(raw.payload ->> '$.company'), '') as company,
        coalesce(raw.updated_at, raw.fetched_at) as seen_at
    from {{ source('raw', 'github__people') }} as raw
    join {{ source('meta', 'sources') }} as listed
        on listed.source = 'github' and listed.stream = 'people'
        and listed.instance = raw.instance and listed.is_configured
),

changes as (
    select
        *,
        lag(company) over by_account is distinct from company
            or row_number() over by_account = 1 as is_change
    from versions
    window by_account as (partition by account_id order by seen_at, company)
),

told as (
    select
        account_id,
        login,
        company,
        seen_at as seen_from,
        lead(seen_at) over (partition by account_id order by seen_at, company) as seen_until
    from changes
    where is_change
)

select * from told where company is not null
