"""The verbs that run until they are stopped: serve, worker, demo, sandbox."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from caseway.cli.opening import failures_said
from caseway.cli.screen import examples, say


def add_to(app: typer.Typer) -> None:
    app.command(epilog=examples("caseway serve", "CASEWAY_PORT=80 caseway serve --no-worker"))(
        serve
    )
    app.command(epilog=examples("caseway worker"))(worker)
    app.command(
        epilog=examples("caseway demo", "caseway demo --port 0 --json"),
    )(demo)
    app.command(
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        add_help_option=False,
        epilog=examples("caseway sandbox --port 8090 --seed-cases 50"),
    )(sandbox)


def serve(
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Answer requests only; run `caseway worker` beside.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one."),
    ] = None,
    fd: Annotated[int | None, typer.Option(hidden=True)] = None,
    demo_facts: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run Caseway: dashboard, webhook, API, widget, worker.

    One process. As long as nobody owns the installation it prints a link that makes the owner;
    the dashboard leads on from there.

    Needs nothing configured: without CASEWAY_DATABASE_URL it brings its own PostgreSQL.
    Stops within 20 s on Ctrl-C or SIGTERM; what was in hand goes on at the next start.
    """
    _run(web=True, is_worker=not no_worker, port=port, fd=fd, demo_facts=demo_facts)


def worker() -> None:
    """Run a worker alone: it looks, sweeps and heals. Start as many as you like."""
    _run(web=False, is_worker=True, port=None, fd=None, demo_facts=None)


def _run(
    *, web: bool, is_worker: bool, port: int | None, fd: int | None, demo_facts: Path | None
) -> None:
    with failures_said():
        import asyncio

        from caseway import config
        from caseway.serve import run
        from caseway.telemetry import set_up_logs
        from caseway.web.demo.facts import DemoFacts

        options = {} if port is None else {"port": port}
        settings = config.load(**options)
        set_up_logs(settings.log_level, settings.log_format)
        facts = None if demo_facts is None else DemoFacts.read(demo_facts)
        loop = None
        if sys.platform != "win32":
            import uvloop

            loop = uvloop.new_event_loop
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(
                run(
                    settings,
                    web=web,
                    worker=is_worker,
                    fd=fd,
                    demo=facts,
                    ready=lambda address: say(f"Caseway answers at {address}"),
                    ownerless=lambda link: say(
                        f"It has no owner yet. This link makes the owner account: {link}\n"
                        "It works once, for 7 days; caseway user invite --role owner prints more."
                    ),
                )
            )


def demo(
    data: Annotated[
        Path | None, typer.Option(help="Where the demo keeps its data; kept for the next time.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port of the pages; 0 takes a free one.")
    ] = 8080,
    callback_url: Annotated[
        str, typer.Option(help="Where the API channel sends replies, on this machine.")
    ] = "",
    json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON once everything is up.")
    ] = False,
) -> None:
    """Run all of it on this machine, with a sandbox Creatio.

    It prints where to click. A customer writes in the widget, the case appears in the sandbox,
    the agent answers there, the answer appears in the widget. Nothing leaves this machine. Ctrl-C
    stops everything.
    """
    with failures_said():
        import asyncio

        from caseway.demo.running import run_demo

        raise typer.Exit(
            asyncio.run(run_demo(data, port=port, callback_url=callback_url, as_json=json))
        )


def sandbox(context: typer.Context) -> None:
    """Run a stand-in for Creatio: OData, sign-in, processes, a desk."""
    os.execv(  # noqa: S606 - our own program, in the same environment
        sys.executable, [sys.executable, "-m", "creatio_sandbox", *context.args]
    )
