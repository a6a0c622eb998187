"""Alerts as findings, for a SIEM or Security Hub.

One alert of one key, in one window, is one finding: what comes later updates it.
"""
