"""Property tests give the same answer on every run; `HYPOTHESIS_PROFILE=default` looks for new examples instead."""

import os

from hypothesis import settings

settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
