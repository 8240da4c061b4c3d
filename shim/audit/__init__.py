"""Who looked at what, for whom and why: one append-only record in hash chains that nobody changes unseen."""
