"""Whether a machine can be reached at all, step by step; knows no protocol."""
