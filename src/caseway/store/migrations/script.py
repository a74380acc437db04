"""Runs a whole `.sql` file inside a revision."""

from importlib.resources import files

from alembic import op


def run_script(name: str) -> None:
    """Send one file of `caseway/store` to the server in one piece.

    asyncpg prepares what SQLAlchemy sends it, and a prepared statement is a single one.
    The driver's own `execute` takes many, in the transaction that Alembic has opened.
    """
    text = files("caseway.store").joinpath(name).read_text(encoding="utf-8")
    adapter = op.get_bind().connection.dbapi_connection
    if adapter is None:
        raise RuntimeError("Alembic's connection is closed")
    adapter.run_async(lambda driver: driver.execute(text))
