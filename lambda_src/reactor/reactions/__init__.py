"""The reactions; each module's `handler` is a Lambda entry point."""
