from . import test_core, test_readers
