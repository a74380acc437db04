"""Writes the pages of docs/reference that repeat what the code says.

`python -m tests.config.reference` after a setting, a command or a metric has changed.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from typer.main import get_command

from caseway.cli.app import app
from caseway.config import PREFIX, Settings
from caseway.domain.roles import MAY, Action, Role
from caseway.telemetry import METRICS
from caseway.web.metrics import WebCounts

FOLDER: Final = Path(__file__).parents[2] / "docs" / "reference"
WIDTH: Final = 92

SETTINGS: Final = """\
# Settings

Each setting is an environment variable, or a line of the file `caseway.toml` under the same name
without `CASEWAY_` and in small letters. The environment comes before the file, the file before
the default. `caseway config show` prints every value and where it comes from, with secrets masked.

The file is in the configuration folder: `/etc/caseway` for root, `$XDG_CONFIG_HOME/caseway`
(`~/.config/caseway`) for anyone else. `CASEWAY_CONFIG` names another folder, or a `.toml` file,
which then has to be there. An unknown name in the file is refused; an unknown `CASEWAY_` variable
is pointed out by `caseway config show`. An empty variable counts as not set.

```toml
# /etc/caseway/caseway.toml
base_url = "https://support.example.com"
allowed_networks = ["10.20.0.0/16"]
keep_events_days = 90
```

Lists are separated by commas or blanks in the environment, and are lists in the file.

| variable | default | meaning |
|---|---|---|
{rows}

## The database

Without `CASEWAY_DATABASE_URL` Caseway starts an embedded PostgreSQL in the data folder. With it,
that login owns the tables: it migrates, and it takes on the two roles `caseway_web` and
`caseway_sync` that all work is done under. One login is enough.

Behind a pooler in transaction mode (PgBouncer 1.21 or later with `max_prepared_statements`) a role
cannot be chosen when connecting. Give each role a login of its own in `CASEWAY_DATABASE_SYNC_URL`
and `CASEWAY_DATABASE_WEB_URL`, and in `CASEWAY_DATABASE_DIRECT_URL` the owner's address past the
pooler:

```sql
CREATE ROLE sync_login LOGIN PASSWORD '...' IN ROLE caseway_sync;
ALTER ROLE sync_login SET role = caseway_sync;
```

## The secret keys

Passwords, client secrets and webhook tokens are encrypted in the database. The key is made at the
first start in the file `secret.key` of the configuration folder, readable by its owner alone; it
is never in the data folder and never in a backup. Keep a copy elsewhere: without it the secrets
in the database are lost, and Caseway refuses to start rather than go on with another key. For
several machines put the same keys into `CASEWAY_SECRET_KEYS`; for a new database
`head -c 32 /dev/urandom | base64 | tr +/ -_` prints one. `caseway secrets rotate` changes
them.

## Private networks

Whatever Caseway calls (Creatio, identity services, callbacks) is looked at after its name was
resolved, on each connection. An address that is not public is reached only inside
`CASEWAY_ALLOWED_NETWORKS`; plain http is spoken only there; link-local addresses are never called.
"""

CLI: Final = """\
# Commands

Results go to standard output, everything else to standard error. A command ends with 0 when it did
what it was told, 1 when it failed (the reason is said, with what to do), 2 when it was used
wrongly. Where there is `--json`, standard output holds JSON alone. A secret is read from a file or,
for `-`, from standard input, never from an argument.

Every command reads the same [settings](settings.md). Those that need a database bring it to this
version's schema first.
{sections}"""

METRICS_PAGE: Final = """\
# Metrics

`/metrics` gives them to Prometheus, beside `process_*` and `python_info`. Each process counts for
itself; the gauges of the backlog are those of the whole database, as that process last saw it.

| metric | kind | labels | meaning |
|---|---|---|---|
{rows}
"""

ROLES_PAGE: Final = """\
# Roles

Everybody who signs in has one role. The table is the one that every page of the dashboard asks;
who may not gets 403, and the try stands in the audit log.

| may | {roles} |
|---|{lines}
{rows}

An owner invites anybody; an admin invites agents and viewers, so that nobody makes somebody who
may do more than they. The last owner can be neither demoted nor disabled. A new role, a new
password and being disabled end a person's sign-ins at once.
"""

DEFAULTS: Final = {
    "data": "`/var/lib/caseway` for root, else `$XDG_DATA_HOME/caseway` (`~/.local/share/caseway`)",
    "secret_key_file": "`secret.key` beside the file of settings",
}


def settings_page() -> str:
    rows = [
        f"| `{PREFIX}{name.upper()}` | {DEFAULTS.get(name) or _default(field.default)} "
        f"| {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return SETTINGS.format(rows="\n".join(rows))


def _default(value: object) -> str:
    match value:
        case None | "" | ():
            return "not set"
        case bool():
            return "`true`" if value else "`false`"
        case _:
            return f"`{value}`"


def cli_page() -> str:
    sections = [f"\n## {path}\n\n```text\n{text}\n```\n" for path, text in commands()]
    return CLI.format(sections="".join(sections))


def commands() -> Iterator[tuple[str, str]]:
    """Each command's words and its help, groups first."""
    yield from _below(get_command(app), None, "caseway")


def _below(command: Any, parent: Any, name: str) -> Iterator[tuple[str, str]]:
    context = command.context_class(
        command,
        info_name=name,
        parent=parent,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        **command.context_settings,
    )
    lines = command.get_help(context).splitlines()
    yield context.command_path, "\n".join(line.rstrip() for line in lines).strip()
    for below, one in getattr(command, "commands", {}).items():
        if not one.hidden:
            yield from _below(one, context, below)


def metrics_page() -> str:
    told: list[tuple[str, str, str, str]] = [
        (one.exposed_name, one.kind, ", ".join(one.labels), one.about) for one in METRICS.values()
    ]
    for family in WebCounts(Counter(["accepted"]), lambda: 0).collect():
        sample = family.samples[0]
        told.append((sample.name, family.type, ", ".join(sample.labels), family.documentation))
    rows = [
        f"| `{name}` | {kind} | {labels or '-'} | {about} |" for name, kind, labels, about in told
    ]
    return METRICS_PAGE.format(rows="\n".join(rows))


def roles_page() -> str:
    rows = [
        f"| {action} | " + " | ".join("yes" if action in MAY[role] else "-" for role in Role) + " |"
        for action in Action
    ]
    return ROLES_PAGE.format(roles=" | ".join(Role), lines="---|" * len(Role), rows="\n".join(rows))


PAGES: Final = {
    "roles.md": roles_page,
    "settings.md": settings_page,
    "cli.md": cli_page,
    "metrics.md": metrics_page,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
