from . import test_checks, test_cloud_platform
