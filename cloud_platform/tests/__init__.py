from . import (
    test_asking,
    test_checks,
    test_cloud_platform,
    test_former_suite,
    test_postgresql,
    test_settings,
    test_status,
)
