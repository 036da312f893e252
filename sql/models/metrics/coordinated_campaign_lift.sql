-- It would come from many campaigns at once; with a handful the larger ones have more channels, and nothing else is seen.
{{ no_source_rows('coordinated_campaign_lift', 'several_channels',
    'Not told yet: it takes at least twenty campaigns with their days, channels and cost in campaigns.csv, and a model of them all.') }}
