-- The place among peers would be told by metric, and never as a table of winners.
{{ no_source_rows('peer_benchmark', 'percentile',
    'No numbers of peers are read: it takes the same metrics of at least five programs like ours, made public in the same form.') }}
