"""``python -m samtrack.cli``, for where the ``samtrack`` command is not on the path."""

import sys

from samtrack.cli.main import main

sys.exit(main())
