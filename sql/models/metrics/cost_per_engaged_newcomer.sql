with cells as (
    select * from {{ ref('int_cost_cells') }} where what = 'engaged'
)

{{ cost_rows('cost_per_engaged_newcomer', 'cells') }}
