"""Token buckets, as an API gateway has one per host."""


class Buckets:
    """`rate` requests per second and as many at once, or `burst`; 0 is no limit."""

    def __init__(self, rate: float, burst: float | None = None) -> None:
        self.rate = rate
        self._burst = burst
        self._left: dict[str, tuple[float, float]] = {}

    def set_rate(self, rate: float) -> None:
        self.rate = rate
        self._left.clear()

    def wait_seconds(self, host: str, now: float) -> float:
        """0 when the request may pass; else how long until the next may."""
        if self.rate <= 0:
            return 0.0
        most = max(1.0, self.rate) if self._burst is None else self._burst
        left, at = self._left.get(host, (most, now))
        left = min(most, left + (now - at) * self.rate)
        if left < 1:
            self._left[host] = (left, now)
            return (1 - left) / self.rate
        self._left[host] = (left - 1, now)
        return 0.0
