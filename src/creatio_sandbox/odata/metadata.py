"""$metadata, generated from the schema files."""

from functools import lru_cache

from creatio_sandbox.entities import NAMESPACE, Collection, Column, Entity, Model


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


def _way_back(back: Collection) -> str:
    kind = f"Collection({NAMESPACE}.{back.entity})"
    return f'<NavigationProperty Name="{back.name}" Type="{kind}" />'


def _type(entity: Entity, model: Model) -> str:
    columns = (*entity.columns.values(), *entity.streams.values())
    navigations = (
        _navigation(name, column)
        for name, column in entity.navigations.items()
        if column.target in model
    )
    ways_back = map(_way_back, model.collections(entity.name).values())
    return (
        f'<EntityType Name="{entity.name}"><Key><PropertyRef Name="Id" /></Key>'
        f"{''.join(map(_property, columns))}{''.join(navigations)}{''.join(ways_back)}</EntityType>"
    )


def _set(entity: Entity, model: Model) -> str:
    targets = {n: c.target for n, c in entity.navigations.items() if c.target in model}
    targets |= {back.name: back.entity for back in model.collections(entity.name).values()}
    bindings = "".join(
        f'<NavigationPropertyBinding Path="{path}" Target="{target}" />'
        for path, target in targets.items()
    )
    kind = f"{NAMESPACE}.{entity.name}"
    return f'<EntitySet Name="{entity.name}" EntityType="{kind}">{bindings}</EntitySet>'


@lru_cache(maxsize=8)
def metadata(model: Model) -> bytes:
    types = "".join(_type(entity, model) for entity in model.values())
    sets = "".join(_set(model[name], model) for name in sorted(model))
    edm = 'xmlns="http://docs.oasis-open.org/odata/ns/edm"'
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
        f'<edmx:DataServices><Schema Namespace="{NAMESPACE}" {edm}>{types}</Schema>'
        f'<Schema Namespace="Default" {edm}><EntityContainer Name="Container">{sets}'
        "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"
    ).encode()
