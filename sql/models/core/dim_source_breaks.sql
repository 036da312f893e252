select source, starts_on, ends_on, what from {{ ref('source_breaks') }}
