"""The command `caseway`. It decides nothing: what a command does is in the rooms below."""


def main() -> None:
    from caseway.cli.app import app

    app()
