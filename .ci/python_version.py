"""Say clearly that this Python will not do, in words that any Python can print."""

import sys

if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.exit(
        "Huitou needs Python 3.11, 3.12 or 3.13; this one is {}.{}. Try: make setup PYTHON=python3.12".format(
            *sys.version_info[:2]
        )
    )
