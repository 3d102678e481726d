from . import controllers, models
from .hooks import watch_starts

watch_starts()
