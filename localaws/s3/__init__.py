"""S3: what the emulator leaves out of buckets."""
