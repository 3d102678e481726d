from . import cli, controllers, models
from .hooks import post_load
