from . import cli, controllers, models
from .hooks import watch_starts

watch_starts()
