"""``python -m mirage_core.cli`` is the `mirage` command."""

from mirage_core.cli import main

if __name__ == "__main__":
    main()
