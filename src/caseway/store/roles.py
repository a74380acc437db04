"""The two roles that work for us, and the refusal to work as anything stronger.

`caseway_web` is bound by row-level policies, `caseway_sync` sees every organisation.
The owner of the tables only migrates. All three may be behind one login: the role is a
start-up parameter of the connection.
"""

from contextlib import suppress
from enum import StrEnum
from typing import Final

import asyncpg


class Role(StrEnum):
    WEB = "caseway_web"
    SYNC = "caseway_sync"


EXISTS: Final = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)"
POWERS: Final = """
SELECT rolsuper, rolbypassrls,
       EXISTS (SELECT FROM pg_class
                WHERE relowner = pg_roles.oid AND relkind IN ('r', 'p')) AS owns_tables,
       current_user::text AS in_force
  FROM pg_roles
 WHERE rolname = $1
"""
# What two servers' migrations that meet at one role get to hear; the role is there then.
MET_ANOTHER: Final = (
    asyncpg.DuplicateObjectError,
    asyncpg.UniqueViolationError,
    asyncpg.InternalServerError,  # "tuple concurrently updated"
)


class RolesRefused(Exception):
    """Our login may not make the roles; the text holds the SQL for who may."""


class UnsafeRole(Exception):
    """A role could do more than it should, or is not the one in force."""


def administrator_sql(login: str) -> str:
    """What an administrator runs once where our login may not create roles."""
    name = '"' + login.replace('"', '""') + '"'
    return "".join(f"CREATE ROLE {role} NOLOGIN;\nGRANT {role} TO {name};\n" for role in Role)


async def ensure_roles(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Make the roles if they are missing, and let our login take them on.

    Roles belong to the whole server, so this is no part of a revision: a database restored
    on another server needs them as well. Raises `RolesRefused`.
    """
    login = str(await connection.fetchval("SELECT current_user::text"))
    for role in Role:
        try:
            if not await connection.fetchval(EXISTS, role):
                with suppress(*MET_ANOTHER):
                    await connection.execute(f"CREATE ROLE {role} NOLOGIN")
            if not await _may_become(connection, role):
                with suppress(*MET_ANOTHER):
                    await connection.execute(f"GRANT {role} TO CURRENT_USER")
        except asyncpg.InsufficientPrivilegeError as refusal:
            raise RolesRefused(
                f"The database login {login} may not create or take on the role {role} "
                f"({refusal}). Let an administrator of the server run:\n" + administrator_sql(login)
            ) from None


async def _may_become(connection: "asyncpg.Connection[asyncpg.Record]", role: Role) -> bool:
    """Asked by trying: what a membership allows differs between PostgreSQL's versions."""
    trial = connection.transaction()
    await trial.start()
    try:
        await connection.execute(f"SET LOCAL ROLE {role}")
    except asyncpg.InsufficientPrivilegeError:
        return False
    else:
        return True
    finally:
        await trial.rollback()


async def check_role(connection: "asyncpg.Connection[asyncpg.Record]", expected: Role) -> None:
    """Refuse to start under a role that row-level policies do not bind. Raises `UnsafeRole`."""
    row = await connection.fetchrow(POWERS, expected)
    if row is None:
        raise UnsafeRole(f"The role {expected} does not exist: run caseway migrate.")
    faults = (
        (row["rolsuper"], "is superuser"),
        (row["rolbypassrls"], "may bypass row-level security"),
        (row["owns_tables"], "owns tables, and policies do not bind an owner"),
        (row["in_force"] != expected, f"is not in force, the connection is {row['in_force']}'s"),
    )
    found = [text for wrong, text in faults if wrong]
    if found:
        raise UnsafeRole(
            f"The role {expected} {', '.join(found)}. It needs a login without these: "
            "docs/reference/settings.md has the lines, CREATE ROLE and ALTER ROLE … SET role."
        )
