from . import test_operations, test_settings
