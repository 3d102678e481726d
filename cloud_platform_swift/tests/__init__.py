from . import test_checks, test_install
