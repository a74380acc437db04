"""Where everything is: links for people, facts for programs."""

import json
from pathlib import Path

from caseway.bootstrap import OpenStore
from caseway.config import Settings
from caseway.demo.sample import OWNER_EMAIL, Configured
from caseway.demo.sandbox import Sandbox


def write_facts(settings: Settings, store: OpenStore, sandbox: Sandbox, found: Configured) -> Path:
    file = settings.data / "demo.json"
    text = json.dumps(
        {
            "organisation": str(store.organisation),
            "widget_channel": str(found.widget.id),
            "owner": str(found.owner),
            "owner_email": OWNER_EMAIL,
            "sandbox_url": sandbox.url,
            "desk_url": sandbox.desk_url,
            "sandbox_user": sandbox.user,
            "sandbox_password": sandbox.password,
        }
    )
    fresh = file.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text, "utf-8")
    fresh.replace(file)
    return file


def as_facts(base: str, sandbox: Sandbox, found: Configured) -> dict[str, str]:
    return {
        "api_url": base,
        "api_key": found.api_key,
        "api_channel": str(found.api.id),
        "callback_secret": found.api.secret.reveal() if found.api.secret else "",
        "widget_url": f"{base}/demo/widget",
        "dashboard_url": f"{base}/demo/dashboard",
        "webhook_url": found.webhook_url,
        "sandbox_url": sandbox.url,
        "sandbox_user": sandbox.user,
        "sandbox_password": sandbox.password,
        "sandbox_client_id": sandbox.client_id,
        "sandbox_client_secret": sandbox.client_secret,
        "agent_desk_url": sandbox.desk_url,
    }


def show(base: str, sandbox: Sandbox, found: Configured) -> None:
    print(  # noqa: T201
        f"""
Caseway is running. Click here and see all of it at once:

    {base}/demo

  The dashboard              {base}/demo/dashboard
  The customer's page        {base}/demo/widget
  The agent's desk           {sandbox.desk_url}   ({sandbox.user} / {sandbox.password})
  The sandbox Creatio        {sandbox.url}
  What it calls              {found.webhook_url}
  The API                    {base}/api/v1   (key {found.api_key})

Everything stays on this machine. Stop it with Ctrl-C.
""",
        flush=True,
    )
