-- The periods of a count of people: months and years of every scope.
{{ people_periods(ref('int_scope_periods')) }}
