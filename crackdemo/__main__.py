"""The command line: python -m crackdemo fit | predict | evaluate."""

import sys

from crackdemo.cli.arguments import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
