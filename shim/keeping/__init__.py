"""What happens to the state by itself or between releases: retention, new keys, carrying to another machine."""
