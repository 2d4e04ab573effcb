"""What a process that runs dbt-postgres again and again mends in it.

A connection is kept from one node to the next: dbt closes it after each, so a build opened three hundred, each with a
handshake, a process of the server, and all that this one reads of the catalog before its first plan. And every run adds
its flags to one list of the process, and looks through the stack for the source of each that is in there.
"""

from __future__ import annotations

import psycopg2
from dbt.adapters.base.impl import DEFAULT_BASE_BEHAVIOR_FLAGS
from dbt.adapters.contracts.connection import ConnectionState
from dbt.adapters.postgres import PostgresAdapter, PostgresConnectionManager


class KeptConnections(PostgresConnectionManager):  # type: ignore[misc]
    """One connection a thread, until dbt closes them all at the end of its run."""

    def release(self) -> None:
        """Leave the next node a session as new: what is open is rolled back, what was set or made for a while is gone.

        Closes the connection where the server no longer answers.
        """
        connection = self.get_if_exists()
        if connection is None or connection.state != ConnectionState.OPEN:
            return
        try:
            connection.handle.reset()
        except psycopg2.Error:
            super().release()
        else:
            connection.transaction_open = False


def mend() -> None:
    """To be called before each run of dbt in this process."""
    PostgresAdapter.ConnectionManager = KeptConnections
    DEFAULT_BASE_BEHAVIOR_FLAGS[:] = {flag["name"]: flag for flag in DEFAULT_BASE_BEHAVIOR_FLAGS}.values()
