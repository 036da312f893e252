{{ calendar_periods('quarter', '3 month') }}
