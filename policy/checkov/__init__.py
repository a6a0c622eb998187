"""Custom checks for checkov; a folder without this file is one that checkov does not read."""
