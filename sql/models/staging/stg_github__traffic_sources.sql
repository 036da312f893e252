{{ traffic_lists('github') }}
