"""Measured side by side with a peer or a raw loop in the same run: `python -m benchmarks NAME [--quick]`."""
