# before a prefork server forks its workers, which share this memory
from . import shared_memory as shared_memory
