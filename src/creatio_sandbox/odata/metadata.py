"""$metadata, generated from the schema files."""

from collections.abc import Mapping
from functools import cache

from creatio_sandbox.entities import NAMESPACE, Column, Entity, known_entities


def _property(column: Column) -> str:
    # Name comes first: clients read this with regular expressions.
    nullable = ' Nullable="false"' if column.name == "Id" or column.kind in {"bool", "int"} else ""
    return f'<Property Name="{column.name}" Type="{column.edm}"{nullable} />'


def _navigation(name: str, column: Column) -> str:
    return (
        f'<NavigationProperty Name="{name}" Type="{NAMESPACE}.{column.target}">'
        f'<ReferentialConstraint Property="{column.name}" ReferencedProperty="Id" />'
        "</NavigationProperty>"
    )


def _type(entity: Entity, known: Mapping[str, Entity]) -> str:
    columns = (*entity.columns.values(), *entity.streams.values())
    navigations = (
        _navigation(name, column)
        for name, column in entity.navigations.items()
        if column.target in known
    )
    return (
        f'<EntityType Name="{entity.name}"><Key><PropertyRef Name="Id" /></Key>'
        f"{''.join(map(_property, columns))}{''.join(navigations)}</EntityType>"
    )


@cache
def metadata() -> bytes:
    known = known_entities()
    types = "".join(_type(entity, known) for entity in known.values())
    sets = "".join(
        f'<EntitySet Name="{name}" EntityType="{NAMESPACE}.{name}" />' for name in sorted(known)
    )
    edm = 'xmlns="http://docs.oasis-open.org/odata/ns/edm"'
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
        f'<edmx:DataServices><Schema Namespace="{NAMESPACE}" {edm}>{types}</Schema>'
        f'<Schema Namespace="Default" {edm}><EntityContainer Name="Container">{sets}'
        "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"
    ).encode()
