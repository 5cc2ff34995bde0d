"""The script that is started, with the step's directory as its argument, by `python -I -S`."""

from __future__ import annotations

import os.path
import sys

sys.path.append(os.path.abspath(__file__ + "/../../../.."))

from shipway.hosts.supervisor.supervise import main  # only found from here on

main(sys.argv[1])
