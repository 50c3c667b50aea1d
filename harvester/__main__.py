"""`python -m harvester`, and the `harvester` command."""

from harvester.entrypoints.cli.app import main

if __name__ == "__main__":
    main()
