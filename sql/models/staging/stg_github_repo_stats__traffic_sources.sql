{{ traffic_lists('github_repo_stats') }}
