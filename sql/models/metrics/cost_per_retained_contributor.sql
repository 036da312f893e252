with cells as (
    select * from {{ ref('int_cost_cells') }} where what = 'retained'
)

{{ cost_rows('cost_per_retained_contributor', 'cells') }}
