from . import test_faults, test_operations, test_services, test_settings
