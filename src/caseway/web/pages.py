"""Pages are drawn from templates; whatever a person wrote is escaped in them."""

from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

TEMPLATES: Final = "templates"


@cache
def environment() -> Environment:
    return Environment(
        loader=PackageLoader("caseway.web", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(name: str) -> Template:
    return environment().get_template(name)
