# before a prefork server forks its workers, which share this memory
from .resilience import shared_memory as shared_memory
