-- Sums of a quarter alone would be read, never a list of applicants.
{{ no_source_rows('employer_brand_pull', 'applicants',
    'No numbers of hiring are read: it takes, for each quarter, how many applicants were asked why they applied and how many named our open source work.') }}
