from . import test_exporter, test_hooks, test_recorders, test_settings, test_values
