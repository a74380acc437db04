"""The database's history: Alembic revisions whose text is plain SQL."""
