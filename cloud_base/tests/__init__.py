from . import (
    test_bulkhead,
    test_cron_jobs,
    test_faults,
    test_first_spawn,
    test_forks,
    test_http_requests,
    test_operations,
    test_route_labels,
    test_server_wide,
    test_services,
    test_settings,
)
