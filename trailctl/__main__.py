"""`python -m trailctl`."""

import sys

from trailctl.cli import main

sys.exit(main())
