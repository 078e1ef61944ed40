"""`python -m tlsmith` is the command `tlsmith`."""

from tlsmith.cli import main

if __name__ == "__main__":
    main()
