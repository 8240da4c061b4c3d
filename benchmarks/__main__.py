"""Runs one benchmark; its last line is JSON."""

import argparse
import json
import sys

from benchmarks import create_incident, intramed, outbox, planon, service, snapshots
from benchmarks.measure import print_table

_BENCHMARKS = {
    "create_incident": create_incident,
    "intramed": intramed,
    "outbox": outbox,
    "planon": planon,
    "service": service,
    "snapshots": snapshots,
}


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=sorted(_BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="fewer rounds; noise about 25%%")
    options = parser.parse_args()
    report = _BENCHMARKS[options.name].run(quick=options.quick)
    print_table(report.samples)
    print(json.dumps(report.figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
