"""Who may do what with which entity. Without a word about somebody, everything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import msgspec

from creatio_sandbox import ids
from creatio_sandbox.entities import Model
from creatio_sandbox.odata.answers import NoRight

Operation = Literal["read", "create", "update", "delete"]
Grants = Mapping[str, frozenset[Operation]]  # by entity, or "*" for those not named
EVERY_ENTITY: Final = "*"
# People are named by their sign-in here, by their SysAdminUnit inside.
INTEGRATION_NAME: Final = "Integration user"
SUPERVISOR_NAME: Final = "Supervisor"


class BadRights(ValueError):
    """A user, an entity or an operation that nobody knows."""


class Rights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`users` by name, then by entity: what is allowed. An entity that is not named follows `*`;
    without `*` everything is allowed with it.
    """

    users: dict[str, dict[str, frozenset[Operation]]] = {}
    refused_as: Literal[403, 500] = 403


ALL_ALLOWED: Final = Rights()
USERS: Final = {SUPERVISOR_NAME: ids.SUPERVISOR_USER, INTEGRATION_NAME: ids.INTEGRATION_USER}


def read_rights(text: bytes | str, model: Model, users: Mapping[str, str] = USERS) -> Rights:
    try:
        rights = msgspec.json.decode(text, type=Rights)
    except (msgspec.DecodeError, msgspec.ValidationError) as failure:
        raise BadRights(f"These rights cannot be read: {failure}") from None
    for user, grants in rights.users.items():
        if user not in users:
            known = "' and '".join(users)
            raise BadRights(f"There is no user '{user}'. There are '{known}'.")
        unknown = sorted(grants.keys() - {EVERY_ENTITY, *model})
        if unknown:
            raise BadRights(f"There is no entity '{unknown[0]}'.")
    return rights


def read_rights_file(path: str | None, model: Model, users: Mapping[str, str]) -> Rights:
    if path is None:
        return ALL_ALLOWED
    try:
        return read_rights(Path(path).read_bytes(), model, users)
    except OSError as failure:
        raise BadRights(f"The rights file cannot be read: {failure}") from None


@dataclass(slots=True)
class Gate:
    """The rights of now."""

    rights: Rights = ALL_ALLOWED
    _by_id: dict[str, Grants] = field(default_factory=dict)

    def change(self, rights: Rights, users: Mapping[str, str] = USERS) -> None:
        self.rights = rights
        self._by_id = {users[name]: grants for name, grants in rights.users.items()}

    def allows(self, user: str, entity: str, operation: Operation) -> bool:
        grants = self._by_id.get(user)
        if grants is None:
            return True
        allowed = grants.get(entity, grants.get(EVERY_ENTITY))
        return allowed is None or operation in allowed

    def check(self, user: str, entity: str, operation: Operation) -> None:
        if not self.allows(user, entity, operation):
            raise NoRight(entity, self.rights.refused_as)
