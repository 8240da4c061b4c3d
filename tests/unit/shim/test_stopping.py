"""One deadline for the whole end, from the first signal on; a second signal leaves no time at all."""

from shim.stopping import Stopping


def test_the_time_runs_from_the_first_signal() -> None:
    """Before it there is all of it; a part of it leaves the rest free."""
    now = [100.0]
    stopping = Stopping(20, lambda: now[0])
    assert (stopping.begun, stopping.left_s(), stopping.left_s(0.75)) == (False, 20, 15)
    stopping.signal()
    now[0] += 12
    assert (stopping.begun, stopping.hurried, stopping.left_s(), stopping.left_s(0.75)) == (True, False, 8, 3)
    stopping.start()
    now[0] += 4
    assert (stopping.left_s(), stopping.left_s(0.75), stopping.hurried) == (4, 0, False)


def test_a_second_signal_leaves_no_time() -> None:
    """Also when the first one was something else that ended the service."""
    stopping = Stopping(20)
    stopping.start()
    stopping.signal()
    assert (stopping.hurried, stopping.left_s()) == (True, 0)
