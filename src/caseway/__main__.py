"""`python -m caseway` is `caseway`."""

from caseway.cli import main

if __name__ == "__main__":
    main()
