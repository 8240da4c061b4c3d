from outbox.backoff import Backoff


def test_delays_are_jittered_and_capped() -> None:
    """Each delay lies between nothing and the doubled limit, and never above the cap."""
    backoff = Backoff(first_s=1, cap_s=10)
    for failures, limit in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (60, 10), (5000, 10)]:
        delays = [backoff.delay_s(failures) for _ in range(200)]
        assert all(0 <= delay <= limit for delay in delays)
        assert max(delays) > limit / 2
        assert len(set(delays)) > 100
