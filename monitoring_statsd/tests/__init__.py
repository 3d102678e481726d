from . import test_client, test_hooks, test_naming, test_recorder, test_senders, test_settings
