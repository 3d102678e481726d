from . import session_redis
