"""The keys of a deployment: the ring in its file, what is derived from it, and what is sealed and named with that."""

from shim.keys.blind import Blind
from shim.keys.cipher import RestCipher
from shim.keys.key import Key
from shim.keys.ring import KeyRing

MasterKey = KeyRing
"""A deployment's keys were one key once, and its file is still called `master_key` in the configuration."""

__all__ = ["Blind", "Key", "KeyRing", "MasterKey", "RestCipher"]
