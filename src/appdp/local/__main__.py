"""``python -m appdp.local``: the server process of the embedded AWS, which :mod:`appdp.local.lifecycle` starts."""

import sys

from appdp.local.server import main

if __name__ == "__main__":
    main(sys.argv[1])
