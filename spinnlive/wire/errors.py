"""The one error of the codecs: a datagram that is not what it should be.

`wire` imports nothing of ours, so this error stands outside the two families of `spinnlive.errors`.
Who receives datagrams catches it, counts it and drops the datagram.
"""

from __future__ import annotations


class MalformedPacket(ValueError):
    """A datagram breaks the rules of its format.

    The message says which rule, with the value found.
    """
