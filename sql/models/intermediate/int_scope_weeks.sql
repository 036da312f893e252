-- Weeks go from Monday to Sunday. Single projects have none: of five hundred projects over ten years there would be a million
-- rows for each metric, nearly all of them of nobody or of one person.
{{ calendar_periods('week', '7 day') }}
