-- Events of one name are editions of one series. Years, other numbers, months and the word "edition" are no part of the
-- name: "OpenBuild Days 2026" comes after "OpenBuild Days 2025", and the meetup of May after that of April. Events of
-- one name that begin on one day are one edition.
with named as (
    select
        event_id,
        starts_on,
        array_to_string(
            list_filter(
                regexp_extract_all(lower(strip_accents(name)), '[\p{L}\p{N}]+'),
                lambda word: not regexp_matches(
                    word,
                    '^(\d.*|edition|january|february|march|april|may|june|july|august|september|october|november|december)$'
                )
            ),
            ' '
        ) as name
    from {{ ref('dim_events') }}
    where starts_on is not null and not is_cancelled
)

select
    event_id,
    coalesce(nullif(name, ''), event_id) as series,
    dense_rank() over (partition by coalesce(nullif(name, ''), event_id) order by starts_on) as edition
from named
