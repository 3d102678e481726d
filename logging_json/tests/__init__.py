from . import (
    test_access,
    test_any_record,
    test_context,
    test_formatter,
    test_hooks,
    test_http,
    test_jobs,
    test_outputs,
    test_pipes,
    test_redaction,
    test_settings,
)
