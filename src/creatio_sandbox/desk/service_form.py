"""Reads the forms of a web service and its methods, and says in plain words what does not fit."""

import re
from collections.abc import Mapping
from typing import Any, Final, get_args
from urllib.parse import urlsplit

from creatio_sandbox.services import (
    CONTENT_TYPES,
    Method,
    Place,
    RequestParameter,
    RequestType,
    Type,
    WebService,
)

PLACES: Final[tuple[Place, ...]] = get_args(Place)
TYPES: Final[tuple[Type, ...]] = get_args(Type)
REQUEST_TYPES: Final[tuple[RequestType, ...]] = get_args(RequestType)
CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
PARAMETER: Final = re.compile(r"[A-Za-z_][\w.-]*")
BRACES: Final = re.compile(r"\{([^{}]*)\}")
MOST_RETRIES: Final = 20
LONGEST_MS: Final = 600_000

Form = Mapping[str, str]
Problems = dict[str, str]  # by field


def camel(text: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", text)
    return "".join(word[:1].upper() + word[1:] for word in words)


def read_service(form: Form, known: WebService | None) -> tuple[WebService, Problems]:
    """The code of a known one stays: processes name it."""
    problems: Problems = {}
    name, uri = form.get("name", "").strip(), form.get("uri", "").strip()
    code = known.code if known else form.get("code", "").strip() or f"Usr{camel(name)}"
    if not name:
        problems["name"] = "It has no name yet. For example: Caseway."
    if not known and not (CODE.fullmatch(code) and code.startswith("Usr") and len(code) > 3):
        proper = f"Usr{camel(code.removeprefix('usr').removeprefix('Usr')) or 'Caseway'}"
        problems["code"] = f"A code begins with Usr and has no blanks, for example {proper}."
    if not uri.startswith(("http://", "https://")) or not urlsplit(uri).hostname:
        problems["uri"] = "A web service URI begins with http:// or https://."
    elif BRACES.search(uri):
        problems["uri"] = "Parameters in {braces} belong into the address of a method."
    retries, problem = _number(form.get("retries", "0"), 0, MOST_RETRIES)
    if problem:
        problems["retries"] = problem
    return (
        WebService(
            code=code,
            name=name,
            uri=uri,
            retries=retries,
            description=form.get("description", "").strip(),
            methods=known.methods if known else [],
        ),
        problems,
    )


def _number(text: str, low: int, high: int) -> tuple[int, str]:
    try:
        number = int(text.strip() or "0")
    except ValueError:
        number = low - 1
    if low <= number <= high:
        return number, ""
    return low, f"A whole number from {low:,} to {high:,}."


def read_method(
    form: Form, service: WebService, known: Method | None
) -> tuple[Method, Problems, list[str]]:
    """The method, what does not fit, and what was put right by itself."""
    problems: Problems = {}
    told: list[str] = []
    name = form.get("name", "").strip()
    code = known.code if known else form.get("code", "").strip() or camel(name)
    if not CODE.fullmatch(code):
        problems["code"] = "A code has letters and digits and no blanks, for example SendEvent."
    elif not known and service.method(code):
        problems["code"] = f"{service.name} has a method {code} already."
    request_type: Any = form.get("request_type", "POST")
    content_type = form.get("content_type", CONTENT_TYPES[0])
    timeout, problem = _number(form.get("timeout_ms", "5000"), 1, LONGEST_MS)
    if problem:
        problems["timeout_ms"] = problem
    address = form.get("address", "").strip()
    parameters = read_parameters(form)
    named = {each.code for each in parameters}
    for mark in BRACES.findall(address):
        if mark not in named and PARAMETER.fullmatch(mark):
            parameters.append(RequestParameter(mark, "address"))
            told.append(f"The address names {{{mark}}}, so it was added as a parameter.")
    method = Method(
        code=code,
        name=name,
        address=address,
        request_type=request_type if request_type in REQUEST_TYPES else "POST",
        content_type=content_type if content_type in CONTENT_TYPES else CONTENT_TYPES[0],
        timeout_ms=timeout,
        parameters=parameters,
    )
    problems.update(_parameter_problems(method))
    return method, problems, told


def read_parameters(form: Form) -> list[RequestParameter]:
    """The rows `p0`, `p1` … of the form; one without a code is no row."""
    read: list[RequestParameter] = []
    for number in range(_rows(form)):
        code = form.get(f"p{number}.code", "").strip()
        if not code or form.get("drop") == str(number):
            continue
        place: Any = form.get(f"p{number}.place", "body")
        type_: Any = form.get(f"p{number}.type", "Text")
        read.append(
            RequestParameter(
                code,
                place if place in PLACES else "body",
                type_ if type_ in TYPES else "Text",
                form.get(f"p{number}.default", "").strip(),
            )
        )
    return read


def _rows(form: Form) -> int:
    numbers = [int(found[1]) for name in form if (found := re.fullmatch(r"p(\d+)\.code", name))]
    return max(numbers, default=-1) + 1


def _parameter_problems(method: Method) -> Problems:
    problems: Problems = {}
    seen: set[str] = set()
    for number, each in enumerate(method.parameters):
        field = f"p{number}"
        if not PARAMETER.fullmatch(each.code):
            problems[field] = f"“{each.code}” has a blank or a sign that no parameter may have."
        elif each.code in seen:
            problems[field] = f"There are two parameters named {each.code}."
        elif each.place == "body" and not method.has_body:
            problems[field] = (
                f"A GET method has no body. Send {each.code} in the query, or take POST."
            )
        elif each.place == "address" and f"{{{each.code}}}" not in method.address:
            problems[field] = f"The method address has no {{{each.code}}} to put it into."
        seen.add(each.code)
    return problems
