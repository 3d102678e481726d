from . import (
    test_cluster,
    test_connection,
    test_encoding,
    test_hooks,
    test_http,
    test_migrate,
    test_outage,
    test_round_trips,
    test_settings,
    test_store,
    test_upgrade,
)
