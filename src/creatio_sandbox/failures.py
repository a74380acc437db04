"""Why a write or a read is refused. What each looks like on the wire is odata/answers.py's."""


class Refused(Exception):
    """Something the real server would refuse too."""


class Malformed(Refused):
    """A value that does not fit its column's type: the request fails before the entity is met."""


class UnknownProperty(Refused):
    """Named in a body, not in the model."""

    def __init__(self, name: str, type_name: str) -> None:
        super().__init__(f"The property '{name}' does not exist on type '{type_name}'.")
        self.name = name
        self.type_name = type_name


class Missing(Refused):
    """No record has that key."""


class Broken(Refused):
    """The database said no: a key taken, a reference to nothing, a text too long."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind  # the exception's type over there, as error bodies name it


class NotModelled(Refused):
    """The real server may well do this; the sandbox says so rather than guess."""
