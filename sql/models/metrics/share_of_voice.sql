-- It would count days on which an author mentions one of us or of the peers, source by source, and not posts.
{{ no_source_rows('share_of_voice', 'us',
    'No source of mentions is read: it takes posts with their author and day, of us and of a list of peers that is agreed beforehand.') }}
