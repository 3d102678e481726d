from . import test_attachment, test_http, test_locks, test_store
