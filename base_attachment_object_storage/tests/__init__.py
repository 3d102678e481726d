from . import (
    test_attachment,
    test_background_move,
    test_byte_range,
    test_client_values,
    test_commit_programs,
    test_http,
    test_local_files,
    test_locks,
    test_placement,
    test_store,
    test_transactions,
)
