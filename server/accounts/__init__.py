"""Accounts: sign-up, sign-in, key slots, devices, erasure."""
