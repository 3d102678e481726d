"""Sends write batches to Redis."""

from functools import partial

from odoo.addons.cloud_base.events.operations import Operation

from ..redis_io.conditional_write import write_if
from ..redis_io.connection import BACKEND, COMPONENT, Connection
from .write_batch import WriteBatch


class Sender:
    """Sends write batches over ``connection``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def send(self, operation_name: str, batch: WriteBatch) -> bool:
        """Send a batch; return False if one of its conditions does not hold.

        On a Cluster, the slots before the refused slot are written.

        :param operation_name: the name for metrics; all but "save" wait for a replica
        :raises SessionStoreUnavailable: if the batch may not have been written
        """
        slot_batches = batch.slot_batches
        if not slot_batches:
            return True
        wait_ms = 0 if operation_name == "save" else self._connection.replica_wait_ms
        with Operation(COMPONENT, operation_name, BACKEND) as operation:
            operation.bytes = batch.payload_bytes
            for slot_batch in slot_batches:
                outcome = self._connection.run(
                    partial(write_if, batch=slot_batch, wait_ms=wait_ms)
                )
                if outcome.refused:
                    return False
                batch.forgotten += outcome.forgotten
        batch.update_sessions()
        return True
