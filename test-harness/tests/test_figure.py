"""The figure that the tests end with."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_it_counts_the_servers_that_were_run() -> None:
    named = [
        f"{HERE / 'test_broken_servers.py'}::test_check_names_exactly_that_id[http/charset]",
        f"{HERE / 'test_right_servers.py'}::test_nothing_is_found_at_a_right_server[http/charset]",
    ]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *named]
    done = subprocess.run(command, cwd=HERE.parents[1], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    assert "\nfound 1 of 1, false alarms 0 of 1\n" in done.stdout
