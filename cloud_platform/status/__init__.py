"""The parts of the status document, see ``models/cloud_platform_status.py``.

::

    status() ── services, checks, sessions      asked at the same time, see probes.py
            └── the parts in SQL                each in a savepoint with a time limit
"""
