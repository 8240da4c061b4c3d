"""Plays both stories and prints a transcript; exits with 1 when something it claims does not hold."""

import argparse
import sys

from examples.two_stories import leaking_tap, thursday
from examples.two_stories.stage import NotTrue, set_stage
from examples.two_stories.transcript import say, scene
from shim.settings import ConfigurationError
from simulators.process import NotStarted


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m examples.two_stories", description=__doc__)
    parser.add_argument("--scenario", action="append", default=[], help="how Planon misbehaves, such as drop_incidents")
    options = parser.parse_args()
    try:
        with set_stage(options.scenario) as stage:
            say(f"shim: {stage.address}, Planon's stand-in and a Firebird sandbox beside it, all on loopback")
            leaking_tap.play(stage)
            thursday.play(stage)
    except NotTrue as error:
        say(f"✗ {error}")
        sys.stderr.write("demo: something that was claimed does not hold\n")
        return 1
    except (ConfigurationError, NotStarted) as error:
        sys.stderr.write(f"demo: {error}\n")
        return 2
    scene("Both stories played: → is what the shim answered, ✓ was read back from Planon's ledger or from Firebird")
    return 0


if __name__ == "__main__":
    sys.exit(main())
