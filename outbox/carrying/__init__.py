"""Carries a whole state elsewhere and back, proves that it is whole, and lets go of what is not needed any more."""
