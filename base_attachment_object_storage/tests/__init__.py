from . import test_attachment, test_http, test_store
