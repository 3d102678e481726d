from . import test_old_hooks
