"""The main job, played through HTTP: a tap that leaks during an outage, and a Thursday 14:30 that two people want."""
