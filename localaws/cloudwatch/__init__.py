"""CloudWatch: what the emulator leaves out of alarms."""
