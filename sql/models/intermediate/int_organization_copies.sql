-- What int_scope_copies tells to be too much, month by month and for the organization for which it was made.
with copies as (
    select scope_kind, scope_id, person_id, occurred_on, organization_id, acts as contributions
    from {{ ref('int_scope_copies') }}
    where segment not in ('bots', 'agents')
)

{{ monthly_by_organization('copies', ['scope_kind', 'scope_id']) }}
