"""Recorded exchanges with a backend: captured without anybody in them, played to an adapter, compared by shape."""

from shim.recording.recorded import Recording, is_recording, load_recording
from shim.recording.shape import Drift, drift

__all__ = ["Drift", "Recording", "drift", "is_recording", "load_recording"]
