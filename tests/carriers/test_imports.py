"""Importing adapters does nothing but define names: TLS, logging and the environment stay as they were."""

from __future__ import annotations

import subprocess
import sys

from tests.support.patience import PATIENCE

_PROBE = """
import logging, os, ssl, urllib.request

def state():
    context = ssl.create_default_context()
    plain = ssl._create_default_https_context()
    return (context.verify_mode, context.check_hostname, plain.verify_mode, plain.check_hostname,
            ssl._create_default_https_context is ssl.create_default_context, urllib.request._opener,
            logging.root.level, list(logging.root.handlers), dict(os.environ))

before = state()
import portside.carriers.simulated.ups, portside.carriers.simulated.usps
import portside.carriers.client, portside.carriers.catalogue, portside.simulator.world
assert state() == before, (before, state())
assert before[0] == ssl.CERT_REQUIRED
import sys
assert "zipcodes" not in sys.modules
print("unchanged")
"""


def test_in_a_fresh_interpreter() -> None:
    done = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.stdout.strip(), done.stderr) == ("unchanged", "")
