"""Writes, from the idempotency key to the stored answer: durable ones through the outbox, immediate ones at once."""
