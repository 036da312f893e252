-- The weeks of a count of people, for the program and each community.
{{ people_periods(ref('int_scope_weeks')) }}
