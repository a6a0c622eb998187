"""EC2: what the emulator takes and AWS refuses."""
