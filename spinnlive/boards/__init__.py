"""Reaching a board at an IP address: an SCP client in trio, and a probe that says what answers
there."""
