"""CloudTrail: records, event history, trails and their files."""
