"""Other people's queues, each in a process of its own with an environment of its own; nothing of ours is imported."""
