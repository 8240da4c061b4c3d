"""What describes a system: compared with what was accepted, noticed when it changes, and read anew when accepted."""
