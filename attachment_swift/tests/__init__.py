from . import (
    test_attachment,
    test_dialects,
    test_faults,
    test_http,
    test_keystone,
    test_options,
    test_settings,
    test_store,
    test_tls,
    test_transactions,
)
