from . import cli
from .hooks import post_load
