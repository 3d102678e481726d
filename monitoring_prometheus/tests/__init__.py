from . import test_exporter, test_hooks, test_recorder, test_settings, test_values
