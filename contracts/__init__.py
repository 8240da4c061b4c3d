"""What the shim promises: models, one catalogue, the protocols that adapters satisfy, errors grouped by recovery."""
