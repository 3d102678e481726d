from . import test_client, test_hooks, test_names, test_recorder, test_settings
