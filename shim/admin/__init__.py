"""The operations page at `/admin`: who is signed in, what they see, and what they do."""
