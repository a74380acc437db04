"""Tells stories on copies of the code, each in a process of its own, forked where the libraries
are loaded already and nothing of ours is: importing them takes longer than any story.

Reads lines of JSON, {"source", "dsn", "names", "said"}, and answers each with the exit code; what
a story said stands in the file `said`.
"""

import json
import os
import sys
import traceback

import asyncpg  # noqa: F401
import msgspec  # noqa: F401
import pgqueuer.adapters.persistence.qb  # noqa: F401
import structlog  # noqa: F401


def tell(source: str, dsn: str, names: list[str], said: str) -> int:
    sys.path.insert(0, source)
    out = os.open(said, os.O_WRONLY | os.O_CREAT)
    os.dup2(out, sys.stdout.fileno())  # our answers' pipe is not for what stories say
    os.dup2(out, sys.stderr.fileno())
    try:
        from tests.sync.scenarios import run

        code = run(dsn, names)
    except BaseException:
        traceback.print_exc()
        code = 3
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(tell(**json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
