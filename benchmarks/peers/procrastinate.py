"""procrastinate on PostgreSQL; the database is named by the environment variable PEER_DATABASE, as a DSN.

Each backlog has a schema of its own. Deferring is its synchronous way; fetching and finishing exist only as async.
"""

import asyncio
import logging
import os
from collections.abc import Collection
from pathlib import Path

import psycopg
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.jobs import Status
from psycopg import sql

from benchmarks.peers.rounds import BACKING_OFF_S, serve

_ROWS = {
    "ready": "'todo', NULL, NULL",
    "finished": "'succeeded', NULL, NULL",
    "backing_off": "'todo', now() + make_interval(secs => %(ahead_s)s), NULL",
    "busy_key": "CASE number WHEN 1 THEN 'doing' ELSE 'todo' END::procrastinate_job_status, NULL, 'busy'",
}
_FILL = """INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, scheduled_at, lock)
SELECT 'bench', 'deliver', jsonb_build_object('body', %(body)s::text), {row}
FROM generate_series(1, %(count)s) number"""


class Peer:
    """One queue in one schema."""

    backlogs: Collection[str] = tuple(_ROWS)

    def __init__(self, folder: Path) -> None:
        self._database = os.environ["PEER_DATABASE"]
        with psycopg.connect(self._database, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(folder.name)))
        self._options = f"-c search_path={folder.name}"
        arguments = {"conninfo": self._database, "kwargs": {"options": self._options}, "min_size": 1, "max_size": 1}
        self._app = App(connector=SyncPsycopgConnector(**arguments))
        self._task = self._app.task(name="deliver", queue="bench")(len)
        self._app.open()
        self._app.schema_manager.apply_schema()
        self._runner = asyncio.Runner()
        self._worker = App(connector=PsycopgConnector(**arguments))
        self._id = self._runner.run(self._register())

    async def _register(self) -> int:
        await self._worker.open_async()
        return int(await self._worker.job_manager.register_worker())

    def enqueue(self, body: str) -> None:
        """Defer one job."""
        self._task.defer(body=body)

    def take(self) -> None:
        """Fetch the next job and finish it."""
        self._runner.run(self._fetch_and_finish())

    async def _fetch_and_finish(self) -> None:
        manager = self._worker.job_manager
        job = await manager.fetch_job(queues=["bench"], worker_id=self._id)
        if job is None:
            raise LookupError
        await manager.finish_job(job, status=Status.SUCCEEDED, delete_job=False)

    def fill(self, backlog: str, count: int, body: str) -> None:
        """Store many without their events, and let the planner know."""
        values = {"body": body, "count": count}
        if backlog == "backing_off":
            values["ahead_s"] = BACKING_OFF_S
        with psycopg.connect(self._database, autocommit=True, options=self._options) as connection:
            connection.execute("SET session_replication_role = replica")  # its triggers would take minutes
            connection.execute(_FILL.replace("{row}", _ROWS[backlog]), values)
            connection.execute("VACUUM ANALYZE procrastinate_jobs")

    def close(self) -> None:
        """Close both pools."""
        self._runner.run(self._worker.close_async())
        self._runner.close()
        self._app.close()


if __name__ == "__main__":
    logging.disable(logging.WARNING)  # it warns of an app in the main module, whose tasks a worker could not import
    serve(Peer)
