"""`python -m creatio_sandbox`"""

import sys

from creatio_sandbox.cli import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
