"""All that knows people, over the one role that may."""

import asyncpg

from caseway.ports import People
from caseway.store.audit_log import PostgresAuditLog
from caseway.store.invitations import PostgresInvitations
from caseway.store.sign_in_tries import PostgresSignInTries
from caseway.store.user_sessions import PostgresSessions
from caseway.store.users import PostgresUsers


def people_over(pool: "asyncpg.Pool[asyncpg.Record]") -> People:
    """`pool` works as `caseway_web`."""
    return People(
        users=PostgresUsers(pool),
        sessions=PostgresSessions(pool),
        invitations=PostgresInvitations(pool),
        tries=PostgresSignInTries(pool),
        audit=PostgresAuditLog(pool),
    )
