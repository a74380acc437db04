"""`caseway` that says at its end what it imported: `python -m tests.bench.loaded FILE serve …`."""

import sys
from pathlib import Path

from caseway.cli import main

if __name__ == "__main__":
    target = Path(sys.argv.pop(1))
    try:
        main()
    finally:
        target.write_text("\n".join(sorted(sys.modules)))
