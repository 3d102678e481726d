from . import test_encoding
from . import test_hooks
from . import test_http
from . import test_outage
from . import test_settings
from . import test_store
