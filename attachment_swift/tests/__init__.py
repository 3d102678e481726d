from . import test_attachment, test_settings, test_store
